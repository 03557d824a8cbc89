import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { startBrowser } from '../support/browser.ts';
import { client } from '../support/client.ts';
import { waitForPort } from '../support/wait-for-port.ts';

const port = 8888;
const startMs = 240_000;
/** Compiling what is installed would take longer than installing it, and longer than it saves. */
const install = `set -e
ln -sf /bin/true /usr/bin/py3compile
apt-get update -q
DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends jupyter-notebook python3-ipykernel`;
/** It takes no name but localhost unless it is told so, as its users behind a proxy do. */
const serve = [
  ...['notebook', '--no-browser', '--port', String(port), '--NotebookApp.allow_remote_access=True'],
  ...["--NotebookApp.token=''", "--NotebookApp.password=''"],
];

/** In the page: starts a kernel, and resolves to what it prints. As text, since it is not this program's. */
const sixTimesSeven = `(async () => {
  const xsrf = /_xsrf=([^;]+)/.exec(document.cookie)?.[1] ?? '';
  const started = await fetch('/api/kernels', { method: 'POST', headers: { 'X-XSRFToken': xsrf } });
  const { id } = await started.json();
  const socket = new WebSocket('ws://' + location.host + '/api/kernels/' + id + '/channels');
  await new Promise((resolve) => socket.addEventListener('open', resolve));
  const printed = new Promise((resolve) => {
    socket.addEventListener('message', ({ data }) => {
      const message = JSON.parse(data);
      if (message.msg_type === 'stream') resolve(message.content.text);
    });
  });
  const header = { msg_id: 'one', msg_type: 'execute_request', session: 'test', username: '', version: '5.3' };
  const content = { code: 'print(6 * 7)', silent: false, store_history: false, user_expressions: {}, allow_stdin: false };
  socket.send(JSON.stringify({ channel: 'shell', header, parent_header: {}, metadata: {}, content }));
  return await printed;
})()`;

let browser: Browser;
let page: Page;
let id: string;

beforeAll(async () => {
  browser = await startBrowser();
  page = await browser.newPage();
  ({ id } = await client().capsules.create({ vcpus: 2, memoryMb: 1536 }));
  const { exitCode, stderr } = await client().capsules.exec(id, {
    cmd: 'sh',
    args: ['-c', install],
    user: 'root',
    timeoutSec: 800,
  });
  expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' });
  await client().files.write(id, 'found-here.txt', 'in the home');
  await client().processes.start(id, { cmd: 'jupyter', args: serve });
  await waitForPort(client(), inject('wrenn').edgeUrl, { id, port, ms: startMs });
});
afterAll(async () => {
  await browser?.close();
  await client().capsules.destroy(id);
});

it("a browser with a link is led to Jupyter's page, which shows the files of the capsule", async () => {
  const { url } = await client().ports.link(id, port);
  await page.goto(url, { timeout: 120_000 });
  expect(new URL(page.url()).pathname).toBe('/tree');
  await page.waitForSelector('text=found-here.txt', { timeout: 120_000 });
});

it('a kernel is started, and what it computes comes back over its WebSocket', async () => {
  const answer = await page.evaluate(sixTimesSeven);
  expect(answer).toBe('42\n');
});

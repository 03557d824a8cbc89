import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { startBrowser } from '../support/browser.ts';
import { client } from '../support/client.ts';
import { startGuestApp } from '../support/guest-app.ts';
import { guestNode } from '../support/guest-node.ts';
import { textModule, viteApp } from '../support/vite-app.ts';
import { waitForPort } from '../support/wait-for-port.ts';

const vitePort = 5173;
const appPort = 8000;
/** Vite takes a quarter of a minute to come up under emulation. */
const startMs = 120_000;

let browser: Browser;
let page: Page;
let id: string;
const errors: string[] = [];

beforeAll(async () => {
  browser = await startBrowser();
  page = await browser.newPage();
  page.on('pageerror', (error) => errors.push(error.message));
  ({ id } = await client().capsules.create({ vcpus: 2, memoryMb: 1024 }));
  await client().files.writeFolder(id, 'app', await viteApp());
  const vite = `cd app && exec ${guestNode} node_modules/vite/bin/vite.js --port ${vitePort}`;
  await client().processes.start(id, { cmd: 'sh', args: ['-c', vite] });
  await waitForPort(client(), inject('wrenn').edgeUrl, { id, port: vitePort, ms: startMs });
}, 240_000);
afterAll(async () => {
  await browser?.close();
  await client().capsules.destroy(id);
});

it("a browser with a link opens Vite's server on a private port, and sees an edit without loading the page again", async () => {
  const { url } = await client().ports.link(id, vitePort);
  const listens = Promise.withResolvers<void>();
  page.on('websocket', (socket) =>
    socket.on('framereceived', ({ payload }) => {
      if (String(payload).includes('"connected"')) listens.resolve();
    }),
  );
  await page.goto(url);
  // The credential has left the address bar, and nobody else has the cookie that it is in.
  expect(page.url()).toBe(await client().ports.url(id, vitePort));
  await expect.poll(() => page.textContent('h1')).toBe('before');
  await page.evaluate(() => Reflect.set(globalThis, 'loadedOnce', true));
  // The page is shown before it hears of edits.
  await listens.promise;
  await client().files.write(id, 'app/text.js', textModule('after'));
  await expect.poll(() => page.textContent('h1')).toBe('after');
  expect(await page.evaluate(() => Reflect.get(globalThis, 'loadedOnce'))).toBe(true);
  expect(errors).toEqual([]);
});

it('another browser, without the link, gets a page that says what to do', async () => {
  const other = await browser.newContext();
  const stranger = await other.newPage();
  const answer = await stranger.goto(await client().ports.url(id, vitePort));
  expect(answer?.status()).toBe(403);
  expect(await stranger.textContent('body')).toContain('This port is private');
  await other.close();
});

it('redirects are followed in both forms of an address, and lead to where they should', async () => {
  await client().ports.change(id, { publicPorts: true });
  await startGuestApp(client(), inject('wrenn').edgeUrl, id, appPort);
  const byName = await client().ports.url(id, appPort);
  const byPath = `${inject('wrenn').edgeUrl}/proxy/${id}/${appPort}/`;
  await expect.poll(async () => (await page.goto(byName))?.status(), { interval: 500 }).toBe(200);
  for (const base of [byName, byPath]) {
    for (const [from, to] of [
      ['redirect?/next/', 'next/'],
      ['redirect?next', 'next'],
      ['own', 'seen'],
    ] as const) {
      const answer = await page.goto(`${base}${from}`);
      expect([answer?.status(), page.url()]).toEqual([200, `${base}${to}`]);
      expect(await page.textContent('body')).toContain(`GET /${to}`);
    }
  }
});

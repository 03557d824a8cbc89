import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';

const root = join(import.meta.dirname, '..', '..');

test('npm run dev is a control plane with people, files and a terminal, and leaves nothing running', async (context) => {
  const directory = await mkdtemp('/var/tmp/wrenn-dev-');
  // PostgreSQL is another user's where this one is root.
  await chmod(directory, 0o711);
  context.onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const program = spawn(process.execPath, ['scripts/dev.ts'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, WRENN_DEV_DIR: directory, WRENN_CP_LISTEN_ADDR: '127.0.0.1:0' },
  });
  const ended = once(program, 'exit');
  context.onTestFinished(() => void program.kill('SIGKILL'));
  const facts = new Map<string, string>();
  createInterface(program.stdout).on('line', (line) => {
    const [, name = '', value = ''] = /^(API|API key|password)\s{2,}(\S+)/.exec(line) ?? [];
    facts.set(name, value);
  });
  await expect.poll(() => facts.get('password')).toBeDefined();
  const [url, key = '', password] = ['API', 'API key', 'password'].map((name) => facts.get(name));
  const headers = { 'x-api-key': key, 'content-type': 'application/json' };

  const signedIn = await fetch(`${url}/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'ada@localhost', password }),
  });
  expect(signedIn.status).toBe(200);

  const capsules = (await (await fetch(`${url}/v1/capsules`, { headers })).json()) as { id: string }[];
  expect(capsules).toHaveLength(2);
  const at = `${url}/v1/capsules/${capsules[0]?.id}`;
  const file = `${at}/files/content?path=notes.txt`;
  expect((await fetch(file, { method: 'PUT', headers, body: 'kept' })).status).toBe(204);
  expect(await (await fetch(file, { headers })).text()).toBe('kept');

  const socket = new WebSocket(`${at.replace('http', 'ws')}/pty`, { headers });
  await once(socket, 'open');
  let shown = '';
  socket.on('message', (data, isBinary) => {
    if (isBinary) shown += String(data);
  });
  socket.send(JSON.stringify({ type: 'start', cmd: 'sh', output: 'binary' }));
  await expect.poll(() => shown).toContain('$ ');
  socket.send(Buffer.from('echo hello\r'));
  // What is typed is echoed a key at a time, each in a frame of its own.
  await expect.poll(() => shown).toContain('hello\r\n');
  socket.close();

  program.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});

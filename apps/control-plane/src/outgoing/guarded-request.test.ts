import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AddressGuard } from './address-guard.ts';
import { openGuarded } from './guarded-request.ts';

const closed = new AddressGuard([], 'PRIVATE_TARGETS');
const open = new AddressGuard(['127.0.0.1'], 'PRIVATE_TARGETS');
let server: Server;
let port: number;

beforeAll(async () => {
  server = createServer((request, response) => response.end(`${request.method} ${request.url}`));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => {
  server.close();
});

const get = (guard: AddressGuard, url: string, signal = new AbortController().signal) =>
  openGuarded(guard, { method: 'GET', url: new URL(url), headers: {} }, signal);

test('what the guard allows is asked', async () => {
  const answer = await get(open, `http://127.0.0.1:${port}/a?b`);
  expect(await text(answer)).toBe('GET /a?b');
});

test.each(['127.0.0.1', 'localhost', '0x7f.1', '[::1]', '[::ffff:127.0.0.1]'])(
  'what leads to a private address is refused before anything is sent: %s',
  async (host) => {
    await expect(get(closed, `http://${host}:${port}/`)).rejects.toMatchObject({
      code: 'forbidden',
      remedy: expect.stringContaining('PRIVATE_TARGETS'),
    });
  },
);

test('of a name that leads to several addresses, only those that are allowed count', async () => {
  const answer = await get(open, `http://localhost:${port}/`);
  expect(await text(answer)).toBe('GET /');
});

test('who is not there cannot be reached', async () => {
  const gone = createServer().listen(0, '127.0.0.1');
  await once(gone, 'listening');
  const { port: free } = gone.address() as AddressInfo;
  gone.close();
  await once(gone, 'close');
  await expect(get(open, `http://127.0.0.1:${free}/`)).rejects.toMatchObject({ code: 'host_unavailable' });
});

test('a request that is no longer wanted ends with the reason', async () => {
  const reason = new Error('enough');
  await expect(get(open, `http://127.0.0.1:${port}/`, AbortSignal.abort(reason))).rejects.toBe(reason);
});

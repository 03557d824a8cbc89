import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { listenShared } from './listen.ts';

/** A port that nobody listens at. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('no port was given');
  return address.port;
}

test('connections are established and wait, until the port is closed', async () => {
  const port = await freePort();
  const fd = listenShared('127.0.0.1', port, 8);
  const client = connect(port, '127.0.0.1');
  await once(client, 'connect');
  const lost = once(client, 'error');
  closeSync(fd);
  await lost;
  const refused = once(connect(port, '127.0.0.1'), 'error');
  expect(await refused).toMatchObject([{ code: 'ECONNREFUSED' }]);
});

test('another socket may share the port only if it says so', async () => {
  const port = await freePort();
  const fd = listenShared('127.0.0.1', port, 8);
  closeSync(listenShared('127.0.0.1', port, 8));
  const exclusive = createServer().listen(port, '127.0.0.1');
  expect(await once(exclusive, 'error')).toMatchObject([{ code: 'EADDRINUSE' }]);
  closeSync(fd);
  const first = createServer().listen(port, '127.0.0.1');
  await once(first, 'listening');
  expect(() => listenShared('127.0.0.1', port, 8)).toThrow(expect.objectContaining({ code: 'EADDRINUSE' }));
  first.close();
});

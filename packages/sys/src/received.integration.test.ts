import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { SystemCallError } from './libc.ts';
import { msSinceReceived } from './received.ts';

test('data that nobody reads grows older until the next comes', async () => {
  const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const client = connect(address.port, '127.0.0.1');
  const [accepted] = await once(server, 'connection');
  const fd: number = Reflect.get(accepted, '_handle').fd;
  const sentAt = performance.now();
  client.write('x');
  // The kernel counts in ticks, of which the slowest are 10 ms.
  await expect.poll(() => msSinceReceived(fd)).toBeGreaterThan(100);
  expect(msSinceReceived(fd)).toBeLessThan(performance.now() - sentAt + 20);
  const sentAgainAt = performance.now();
  client.write('x');
  // Of the first it is a hundred more.
  await expect.poll(() => msSinceReceived(fd) - (performance.now() - sentAgainAt)).toBeLessThan(20);
  client.destroy();
  accepted.destroy();
  server.close();
});

test('what is not a connection has no such time', () => {
  expect(() => msSinceReceived(0)).toThrow(SystemCallError);
});

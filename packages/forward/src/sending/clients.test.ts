import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Clients } from './clients.ts';
import type { Connection } from './connection.ts';

const long = 60_000;
let server: Server;
let clients: Clients;
let opened: number;
beforeEach(async () => {
  opened = 0;
  server = createServer((_request, response) => response.end('x'));
  server.keepAliveTimeout = long;
  server.on('connection', () => {
    opened += 1;
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterEach(async () => {
  clients.close();
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
});

const take = () => clients.take('127.0.0.1', (server.address() as AddressInfo).port);

/** Whether the request went by a connection that had carried another. */
async function askBy(connection: Connection): Promise<boolean> {
  const done = Promise.withResolvers<boolean>();
  connection.send(
    { method: 'GET', path: '/', headers: ['Host', 'x'] },
    {
      onRequestStart: () => undefined,
      onResponseStart: () => undefined,
      onResponseData: () => undefined,
      onResponseEnd: () => done.resolve(connection.isReused),
      onResponseError: (_controller, fault) => done.reject(fault),
    },
  );
  const wasReused = await done.promise;
  connection.answered();
  clients.giveBack(connection);
  return wasReused;
}

const connections = async () =>
  await new Promise((resolve) => server.getConnections((_, count) => resolve(count)));

describe('connections', () => {
  it('are taken again, the last one first', async () => {
    clients = new Clients({ hop: 'port', idleMs: long, mostIdle: 2 });
    const [first, second] = [take(), take()];
    expect([await askBy(first), await askBy(second)]).toEqual([false, false]);
    expect([take(), take()]).toEqual([second, first]);
    expect([await askBy(first), opened]).toEqual([true, 2]);
  });

  it('that are more than may idle are closed', async () => {
    clients = new Clients({ hop: 'port', idleMs: long, mostIdle: 1 });
    await Promise.all([take(), take(), take()].map(askBy));
    await expect.poll(connections).toBe(1);
  });

  it('that idle for too long are closed, and not taken again', async () => {
    clients = new Clients({ hop: 'port', idleMs: 1, mostIdle: 2 });
    const connection = take();
    await askBy(connection);
    await expect.poll(connections).toBe(0);
    await expect.poll(() => connection.isOpen).toBe(false);
    expect(take()).not.toBe(connection);
  });

  it('that idle are closed at once when that is asked for, and those in use are not', async () => {
    clients = new Clients({ hop: 'port', idleMs: long, mostIdle: 2 });
    const inUse = take();
    await Promise.all([take(), take()].map(askBy));
    clients.closeIdle();
    await expect.poll(connections).toBe(0);
    await askBy(inUse);
    expect(await connections()).toBe(1);
  });

  it('are closed when they come back after the end', async () => {
    clients = new Clients({ hop: 'port', idleMs: long, mostIdle: 2 });
    await askBy(take());
    const connection = take();
    clients.close();
    clients.giveBack(connection);
    await expect.poll(connections).toBe(0);
  });

  it('are opened again where they were closed with nothing of a request sent, and are new then', async () => {
    clients = new Clients({ hop: 'port', idleMs: long, mostIdle: 2 });
    const connection = take();
    await askBy(connection);
    expect(take()).toBe(connection);
    server.closeAllConnections();
    await expect.poll(() => connection.isOpen).toBe(false);
    expect([await askBy(connection), opened]).toEqual([false, 2]);
  });
});

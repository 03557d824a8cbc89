import { once } from 'node:events';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ConnectionTracker } from './connections.ts';
import { listen } from './server.ts';

let server: Server;
let port: number;
beforeAll(async () => {
  const listening = await listen((_request, response) => response.end(), new ConnectionTracker(), {
    host: '127.0.0.1',
    port: 0,
  });
  server = listening.server;
  port = listening.address.port;
});
afterAll(() => {
  server?.close();
  server?.closeAllConnections();
});

it('gives a client 10 seconds for its headers, and keeps an idle connection for longer than its host does', () => {
  expect(server).toMatchObject({ headersTimeout: 10_000, keepAliveTimeout: 640_000, requestTimeout: 0 });
});

it('looks often for clients that take too long for their headers', async () => {
  const usual = server.headersTimeout;
  server.headersTimeout = 50;
  try {
    const slow = connect(port, '127.0.0.1').on('error', () => undefined);
    slow.write('GET /health HTTP/1.1\r\n');
    // Node itself looks every 30 seconds.
    await once(slow.resume(), 'close', { signal: AbortSignal.timeout(27_000) });
  } finally {
    server.headersTimeout = usual;
  }
});

import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, it, vi } from 'vitest';
import { ask } from './testing/ask.ts';
import { type EdgeUnderTest, startEdge } from './testing/edge-under-test.ts';

let edge: EdgeUnderTest;
afterEach(() => edge[Symbol.asyncDispose]());

it('a thousand clients that leave at any moment of their requests leave nothing behind', async () => {
  const chunk = Buffer.alloc(64 * 1024);
  edge = await startEdge((request, response) => {
    request.resume();
    response.write(chunk);
    setTimeout(() => response.end(chunk), 5);
  });
  const body = 'x'.repeat(10_000);
  const head = `POST / HTTP/1.1\r\nHost: ${edge.host}\r\nContent-Length: ${2 * body.length}\r\n\r\n${body}`;
  for (let batch = 0; batch < 20; batch++) {
    await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const socket = edge.connect();
        socket.on('error', () => undefined);
        socket.resume();
        await once(socket, 'connect');
        socket.write(
          index % 2 === 0 ? head : head.replace('POST', 'GET').replace(/Content-Length.*/s, '\r\n'),
        );
        await delay(index % 12);
        if (index % 3 === 0) socket.resetAndDestroy();
        else socket.destroy();
      }),
    );
  }
  await expect.poll(() => edge.passage.exchanges.count).toBe(0);
});

it('a client that leaves while its capsule stands still leaves nothing behind when that goes on', async () => {
  edge = await startEdge((_request, response) => response.end());
  await edge.passage.hold(0);
  const waits = vi.spyOn(edge.passage, 'ready');
  const sockets = Array.from({ length: 20 }, () => edge.connect());
  for (const socket of sockets) {
    socket.on('error', () => undefined);
    socket.write(`GET / HTTP/1.1\r\nHost: ${edge.host}\r\n\r\n`);
  }
  await expect.poll(() => waits.mock.results.length).toBe(sockets.length);
  for (const socket of sockets) socket.destroy();
  edge.passage.release();
  await Promise.allSettled(waits.mock.results.map(({ value }) => value));
  // Whatever was to come of them has begun before this has its answer.
  expect((await ask(edge, {})).statusCode).toBe(200);
  await expect.poll(() => edge.passage.exchanges.count).toBe(0);
});

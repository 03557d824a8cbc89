import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ask, mirror } from './testing/ask.ts';
import { bodyOf, type EdgeUnderTest, startEdge } from './testing/edge-under-test.ts';
import { type RawGuest, startRawGuest } from './testing/raw-guest.ts';

let edge: EdgeUnderTest;
let guest: RawGuest;
afterEach(async () => {
  await guest[Symbol.asyncDispose]();
  await edge[Symbol.asyncDispose]();
});

const empty = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

async function statusOf(method: string): Promise<number | undefined> {
  const answer = await ask(edge, { method, headers: { host: guest.host } });
  await bodyOf(answer);
  return answer.statusCode;
}

describe('a connection to a capsule', () => {
  it('is kept for the next request, also after a HEAD', async () => {
    const used = new Set<Socket>();
    guest = await startRawGuest((socket) => {
      used.add(socket);
      socket.write(empty);
    });
    edge = await startEdge(mirror);
    for (const method of ['GET', 'HEAD', 'GET']) expect(await statusOf(method)).toBe(200);
    expect(used.size).toBe(1);
  });

  it('that idles is closed before the capsule is copied, and the next request opens another', async () => {
    guest = await startRawGuest((socket) => socket.write(empty));
    edge = await startEdge(mirror);
    for (const method of ['GET', 'DELETE']) expect(await statusOf(method)).toBe(200);
    await edge.passage.hold(0);
    await expect.poll(() => guest.sockets.size).toBe(0);
    edge.passage.release();
    expect(await statusOf('GET')).toBe(200);
  });

  it('that idles is closed after a while', async () => {
    guest = await startRawGuest((socket) => socket.write(empty));
    edge = await startEdge(mirror);
    for (const method of ['GET', 'DELETE']) expect(await statusOf(method)).toBe(200);
    await expect.poll(() => guest.sockets.size).toBe(0);
  });

  it('that is new and breaks under a request does not have that again on another', async () => {
    guest = await startRawGuest((socket) => socket.destroy());
    edge = await startEdge(mirror);
    expect(await statusOf('GET')).toBe(502);
    expect(guest.heard).toHaveLength(1);
  });

  it('that breaks under a request which is repeated may break again, and then it is a 502', async () => {
    const used = new Set<Socket>();
    let isBreaking = false;
    guest = await startRawGuest((socket) => {
      used.add(socket);
      if (isBreaking) socket.destroy();
      else socket.write(empty);
    });
    edge = await startEdge(mirror);
    expect(await statusOf('GET')).toBe(200);
    isBreaking = true;
    expect(await statusOf('GET')).toBe(502);
    expect([guest.heard.length, used.size]).toEqual([3, 2]);
  });
});

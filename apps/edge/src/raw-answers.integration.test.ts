import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
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

/** What comes of a GET for a guest that says this. */
async function answerTo(say: Parameters<typeof startRawGuest>[0]): Promise<IncomingMessage> {
  guest = await startRawGuest(say);
  edge = await startEdge(mirror);
  return await ask(edge, { headers: { host: guest.host, 'x-name': 'caf\xe9' } });
}

const whole = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

describe('an answer', () => {
  it('has the bytes that the guest wrote in its headers, as the request has those of the client', async () => {
    const answer = await answerTo((socket) =>
      socket.write(
        'HTTP/1.1 200 Tr\xc3\xa8s bien\r\nX-Name: caf\xe9 \t\r\nContent-Length: 0\r\n\r\n',
        'latin1',
      ),
    );
    expect(answer.headers['x-name']).toBe('caf\xe9');
    expect(answer.statusMessage).toBe('Tr\xc3\xa8s bien');
    expect(guest.heard[0]).toContain('x-name: caf\xe9\r\n');
  });

  it.each(['100 Continue', '103 Early Hints'])(
    'comes also after a %s that nobody asked for',
    async (said) => {
      const answer = await answerTo((socket) => socket.write(`HTTP/1.1 ${said}\r\n\r\n${whole}`));
      expect([answer.statusCode, await bodyOf(answer)]).toEqual([200, 'ok']);
    },
  );

  it.each([
    ['a head that is too long', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}\r\n`],
    ['another protocol', 'hello\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok'],
    ['a length and chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\nok'],
    ['a folded header', 'HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\nok'],
  ])('with %s is no HTTP', async (_what, said) => {
    const answer = await answerTo((socket) => socket.write(said));
    expect(answer.statusCode).toBe(502);
    expect(await bodyOf(answer)).toContain('does not speak HTTP');
  });

  it('that goes on to the end of its connection is whole there', async () => {
    const answer = await answerTo((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nto the end'));
    expect(await bodyOf(answer)).toBe('to the end');
  });

  it('that goes on to the end of its connection is broken off where that is a reset', async () => {
    const begun = Promise.withResolvers<void>();
    const answer = await answerTo((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\nnot to the end');
      void begun.promise.then(() => socket.resetAndDestroy());
    });
    begun.resolve();
    await expect(bodyOf(answer)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('that is shorter than it says is broken off', async () => {
    const answer = await answerTo((socket) =>
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort'),
    );
    await expect(bodyOf(answer)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('closes its connection when the client leaves in the middle of it', async () => {
    const answer = await answerTo((socket) =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbegun'),
    );
    await once(answer, 'data');
    expect(guest.sockets.size).toBe(1);
    answer.destroy();
    await expect.poll(() => guest.sockets.size).toBe(0);
    expect(edge.passage.exchanges.count).toBe(0);
  });

  it('stops the guest while the client reads nothing, and is whole when it goes on', async () => {
    const chunk = Buffer.alloc(256 * 1024, 'x');
    const all = 128;
    let written = 0;
    const answer = await answerTo((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${all * chunk.length}\r\n\r\n`);
      const more = () => {
        written += 1;
        if (written < all) socket.write(chunk, more);
      };
      socket.write(chunk, more);
    });
    answer.pause();
    let before = -1;
    const stands = () => {
      const isSame = written === before;
      before = written;
      return isSame;
    };
    await expect.poll(stands, { interval: 200 }).toBe(true);
    expect(written).toBeLessThan(all);
    expect(await bodyOf(answer)).toHaveLength(all * chunk.length);
  });
});

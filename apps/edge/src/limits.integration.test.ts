import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { Passage } from '@wrenn/forward';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Edge } from './edge.ts';
import { edgeServer } from './edge-server.ts';
import { ask, mirror } from './testing/ask.ts';
import { selfSigned } from './testing/certificate.ts';
import { bodyOf, capsuleId, type EdgeUnderTest, startEdge } from './testing/edge-under-test.ts';

let edge: EdgeUnderTest;
afterEach(() => edge[Symbol.asyncDispose]());

describe('a body', () => {
  it('takes as long as it takes, also longer than headers may', async () => {
    edge = await startEdge(mirror);
    const socket = edge.connect();
    let got = '';
    socket.on('data', (chunk) => {
      got += chunk;
    });
    // Longer than the 10 s for headers, and than the 2 s between two looks at them.
    const pieces = 13;
    socket.write(
      `POST / HTTP/1.1\r\nHost: ${edge.host}\r\nContent-Length: ${pieces}\r\nConnection: close\r\n\r\n`,
    );
    for (let count = 0; count < pieces; count++) {
      await delay(1_000);
      socket.write('x');
    }
    await once(socket, 'close');
    expect(got).toContain(`"body":"${'x'.repeat(pieces)}"`);
  });

  it('that never ends holds up nobody else, and nothing is left of it when its client goes', async () => {
    edge = await startEdge((request, response) => {
      request.on('error', () => undefined);
      request.resume().once('end', () => response.end());
    });
    const slow = Array.from({ length: 200 }, () => edge.connect());
    for (const socket of slow) {
      socket.on('error', () => undefined);
      socket.write(`POST / HTTP/1.1\r\nHost: ${edge.host}\r\nContent-Length: 1000000\r\n\r\nx`);
    }
    await expect.poll(() => edge.passage.exchanges.count).toBe(slow.length);
    expect((await ask(edge, { method: 'POST', body: 'whole' })).statusCode).toBe(200);
    for (const socket of slow) socket.destroy();
    await expect.poll(() => edge.passage.exchanges.count).toBe(0);
  });

  it.each([
    ['with a request behind it', 'ZZ\r\nGET /hidden HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['below nothing', '-1\r\n'],
    ['with more than it says', '2\r\nokay\r\n0\r\n\r\n'],
  ])('with a chunk of nonsense %s is refused, and the guest never has all of it', async (_how, chunk) => {
    const heard = vi.fn();
    const ended = vi.fn();
    edge = await startEdge((request, response) => {
      request.on('error', () => undefined).on('data', heard);
      request.once('end', ended).once('end', () => response.end());
    });
    const head = `POST / HTTP/1.1\r\nHost: ${edge.host}\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const refused = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n';
    expect(await edge.raw(`${head}${chunk}`)).toBe(refused);
    const late = edge.connect();
    late.write(`${head}4\r\nwell\r\n`);
    await expect.poll(() => heard.mock.calls.length).toBeGreaterThan(0);
    late.write(chunk);
    expect(await text(late)).toBe(refused);
    await expect.poll(() => edge.passage.exchanges.count).toBe(0);
    expect(ended).not.toHaveBeenCalled();
  });
});

describe('a capsule', () => {
  it('that no route leads to does not answer', async () => {
    edge = await startEdge(mirror);
    // No connection is ever made to all of a network at once.
    const nowhere = new Passage(capsuleId, '255.255.255.255', undefined);
    vi.spyOn(edge.passage, 'to').mockImplementation((port) => nowhere.to(port));
    const answer = await ask(edge, {});
    expect(answer.statusCode).toBe(502);
    expect(JSON.parse(await bodyOf(answer))).toMatchObject({
      code: 502,
      message: 'the capsule does not answer',
    });
  });

  it('with too many requests under way is given no more, until one of them has ended', async () => {
    const end = Promise.withResolvers<void>();
    edge = await startEdge(
      (_request, response) => {
        response.write('x');
        void end.promise.then(() => response.end());
      },
      { mostAtOnce: 2 },
    );
    const under = [await ask(edge, {}), await ask(edge, {})];
    const refused = await ask(edge, {});
    expect([refused.statusCode, refused.headers['retry-after']]).toEqual([503, '1']);
    expect(await bodyOf(refused)).toContain('too many requests');
    end.resolve();
    await Promise.all(under.map(bodyOf));
    await expect.poll(async () => (await ask(edge, {})).statusCode).toBe(200);
  });
});

it.each([
  ['HTTP', undefined],
  ['HTTPS', selfSigned()],
])('a connection over %s that idles outlives those that load balancers keep', async (_kind, tls) => {
  edge = await startEdge(mirror);
  const { server } = edgeServer({} as Edge, tls);
  expect(server).toMatchObject({ keepAliveTimeout: 620_000, headersTimeout: 10_000, requestTimeout: 0 });
});

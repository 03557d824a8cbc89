import { once } from 'node:events';
import { connect } from 'node:http2';
import { text } from 'node:stream/consumers';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Tls } from './edge-server.ts';
import { ask, mirror } from './testing/ask.ts';
import { selfSigned } from './testing/certificate.ts';
import { bodyOf, type EdgeUnderTest, startEdge } from './testing/edge-under-test.ts';
import { type RawGuest, startRawGuest } from './testing/raw-guest.ts';

let tls: Tls;
let edge: EdgeUnderTest;
let guest: RawGuest | undefined;
beforeAll(() => {
  tls = selfSigned();
});
afterEach(async () => {
  await guest?.[Symbol.asyncDispose]();
  guest = undefined;
  await edge[Symbol.asyncDispose]();
});

const agreed = 'HTTP/1.1 101 Switching Protocols\r\n';
const whole = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

describe('a guest that agrees to what nobody has asked for', () => {
  it.each([
    ['with an Upgrade', `${agreed}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`],
    ['without one', `${agreed}\r\n`],
    ['with a body', `${agreed}Content-Length: 2\r\n\r\nok`],
  ])('%s does not speak HTTP as it should, and its connection is closed', async (_what, answer) => {
    guest = await startRawGuest((socket) => socket.write(answer));
    edge = await startEdge(mirror);
    for (const method of ['GET', 'POST']) {
      const got = await ask(edge, {
        method,
        body: method === 'POST' ? 'x' : '',
        headers: { host: guest.host },
      });
      expect(got.statusCode).toBe(502);
      expect(await bodyOf(got)).toContain('does not speak HTTP');
    }
    await expect.poll(() => guest?.sockets.size).toBe(0);
    expect(edge.passage.exchanges.count).toBe(0);
  });

  it('has no refusal, where a WebSocket was asked for and the answer names no protocol', async () => {
    guest = await startRawGuest((socket) => socket.write(`${agreed}\r\n`));
    edge = await startEdge(mirror);
    const answer = await edge.raw(
      `GET / HTTP/1.1\r\nHost: ${guest.host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\n/);
    await expect.poll(() => guest?.sockets.size).toBe(0);
  });

  it('is asked for its key also where the client offers other protocols beside', async () => {
    guest = await startRawGuest((socket) =>
      socket.write(`${agreed}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n`),
    );
    edge = await startEdge(mirror);
    const answer = await edge.raw(
      `GET / HTTP/1.1\r\nHost: ${guest.host}\r\nConnection: Upgrade\r\nUpgrade: other, websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 502 /);
  });
});

describe('a guest that asks for the body again and again', () => {
  const goOn = 'HTTP/1.1 100 Continue\r\n\r\n';

  it('is passed on once over HTTP/1.1', async () => {
    guest = await startRawGuest((socket) => socket.write(`${goOn.repeat(1000)}${whole}`));
    edge = await startEdge(mirror);
    const answer = await edge.raw(
      `POST / HTTP/1.1\r\nHost: ${guest.host}\r\nExpect: 100-continue\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx`,
    );
    expect(answer.match(/100 Continue/g)).toHaveLength(1);
    expect(answer).toMatch(/\r\n\r\nok$/);
  });

  it('is passed on once over HTTP/2', async () => {
    guest = await startRawGuest((socket) => socket.write(`${goOn.repeat(1000)}${whole}`));
    edge = await startEdge(mirror, { tls });
    const session = connect(`https://${edge.address}`, { rejectUnauthorized: false });
    try {
      const stream = session.request(
        { ':authority': guest.host, ':method': 'POST', expect: '100-continue' },
        { endStream: false },
      );
      let heard = 0;
      stream.on('continue', () => {
        heard += 1;
        stream.end('x');
      });
      expect(await text(stream)).toBe('ok');
      expect(heard).toBe(1);
    } finally {
      session.destroy();
    }
  });

  it('is not passed on to a client of HTTP/1.0, which does not know it', async () => {
    guest = await startRawGuest((socket) => socket.write(`${goOn}${whole}`));
    edge = await startEdge(mirror);
    const answer = await edge.raw(
      `POST / HTTP/1.0\r\nHost: ${guest.host}\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('an answer that cannot be written', () => {
  it.each([
    ['a status with control characters', 'HTTP/1.1 200 O\x01K\r\nContent-Length: 2\r\nETag: "a"\r\n\r\nok'],
    ['a status that is none', 'HTTP/1.1 099 OK\r\nContent-Length: 2\r\nETag: "a"\r\n\r\nok'],
  ])('for %s is a plain 502', async (_what, answer) => {
    guest = await startRawGuest((socket) => socket.write(answer, 'latin1'));
    edge = await startEdge(mirror);
    const got = await edge.raw(`GET / HTTP/1.1\r\nHost: ${guest.host}\r\nConnection: close\r\n\r\n`);
    expect(got).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\n/);
    expect(got).not.toMatch(/^etag/im);
    const [, length] = /content-length: (\d+)/i.exec(got) ?? [];
    expect(got.split('\r\n\r\n')[1]).toHaveLength(Number(length));
  });

  it.each([
    ['a status beyond those of HTTP/2', 'HTTP/1.1 600 OK\r\nContent-Length: 2\r\nETag: "a"\r\n\r\nok'],
    ['HTTP2-Settings', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nHTTP2-Settings: x\r\n\r\nok'],
  ])('over HTTP/2 for %s ends in an answer, and the edge lives', async (_what, answer) => {
    guest = await startRawGuest((socket) => socket.write(answer));
    edge = await startEdge(mirror, { tls });
    const session = connect(`https://${edge.address}`, { rejectUnauthorized: false });
    try {
      const stream = session.request({ ':authority': guest.host });
      const [headers] = await once(stream, 'response');
      expect([200, 502]).toContain(headers[':status']);
      expect(headers).not.toHaveProperty('http2-settings');
      await text(stream);
    } finally {
      session.destroy();
    }
  });
});

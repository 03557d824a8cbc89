import { once } from 'node:events';
import { connect, type IncomingHttpHeaders } from 'node:http2';
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

/** What a client of HTTP/2 gets of an answer in chunks with these trailers. */
async function overHttp2(trailers: string, head = '') {
  guest = await startRawGuest((socket) =>
    socket.write(
      `HTTP/1.1 200 OK\r\n${head}Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n${trailers}\r\n`,
      'latin1',
    ),
  );
  edge = await startEdge(mirror, { tls });
  const session = connect(`https://${edge.address}`, { rejectUnauthorized: false });
  try {
    const stream = session.request({ ':authority': guest.host });
    let got: IncomingHttpHeaders = {};
    stream.on('trailers', (each) => {
      got = each;
    });
    const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
    return {
      status: headers[':status'],
      headers,
      body: await text(stream),
      trailers: Object.fromEntries(Object.entries(got)),
    };
  } finally {
    session.destroy();
  }
}

describe('trailers of a guest', () => {
  it.each([
    ['a Connection', 'Connection: close\r\n'],
    ['a Transfer-Encoding', 'Transfer-Encoding: chunked\r\n'],
    ['an Upgrade', 'Upgrade: h2c\r\n'],
    ['HTTP2-Settings', 'HTTP2-Settings: AAMAAABkAAQAAP__\r\n'],
    ['a Keep-Alive', 'Keep-Alive: 5\r\n'],
    ['a TE', 'TE: gzip\r\n'],
    ['two Content-Type', 'Content-Type: a/b\r\nContent-Type: c/d\r\n'],
    ['two Host', 'Host: a\r\nHost: b\r\n'],
    ['a cookie', 'Set-Cookie: wrenn_access=x\r\n'],
    ['a range', 'Content-Range: bytes 0-1/2\r\n'],
  ])('with %s reach a client of HTTP/2 without it, and the edge lives', async (_what, trailers) => {
    const { status, body, trailers: got } = await overHttp2(`${trailers}X-Sum: 5\r\n`);
    expect([status, body, got]).toEqual([200, 'body', { 'x-sum': '5' }]);
  });

  it('that come twice are one, also those that HTTP/2 takes once', async () => {
    const { body, trailers } = await overHttp2('ETag: "a"\r\nX-Sum: 5\r\nETag: "b"\r\nx-sum: \xe9\r\n');
    expect(body).toBe('body');
    expect(trailers).toMatchObject({ etag: '"a", "b"' });
    expect(trailers['x-sum']).toMatch(/^5, ./);
  });

  it('reach a client of HTTP/1.1 without what belongs before a body', async () => {
    guest = await startRawGuest((socket) =>
      socket.write(
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nSet-Cookie: a=1\r\nX-Sum: 5\r\nLocation: /x\r\n\r\n',
      ),
    );
    edge = await startEdge(mirror);
    const answer = await ask(edge, { headers: { host: guest.host } });
    await bodyOf(answer);
    expect(answer.trailers).toEqual({ 'x-sum': '5' });
  });
});

it('trailers of a client say nothing that only a proxy can know, and carry no credential', async () => {
  edge = await startEdge(mirror);
  const answer = await edge.raw(
    `POST / HTTP/1.1\r\nHost: ${edge.host}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n${[
      'X-Forwarded-For: 1.2.3.4',
      'X_Forwarded_For: 1.2.3.4',
      'X-Forwarded-User: root',
      'X-Real-IP: 1.2.3.4',
      'X-Wrenn-Access: secret',
      'E2b-Traffic-Access-Token: secret',
      'Authorization: secret',
      'Cookie: wrenn_access=secret',
      'Host: other',
      'Connection: X-Sum',
      'X-Sum: 5',
    ].join('\r\n')}\r\n\r\n`,
  );
  expect(answer).toContain('"rawTrailers":["X-Sum","5"]');
});

describe('a guest that says something twice', () => {
  it.each([
    ['Content-Type', 'Content-Type: a/b\r\nContent-Type: c/d\r\n'],
    ['ETag', 'ETag: "a"\r\nETag: "b"\r\n'],
    ['Host', 'Host: a\r\nHost: b\r\n'],
  ])('in its head (%s) is passed on to a client of HTTP/2', async (_what, head) => {
    const { status, body } = await overHttp2('', head);
    expect([status, body]).toEqual([200, 'body']);
  });
});

describe('an announcement of trailers', () => {
  const announced = 'HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\n';

  it.each([
    ['a HEAD', 'HEAD / HTTP/1.1', 'Transfer-Encoding: chunked\r\n\r\n'],
    ['an answer with a length', 'GET / HTTP/1.1', 'Content-Length: 4\r\n\r\nbody'],
    ['a client of HTTP/1.0', 'GET / HTTP/1.0', 'Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n'],
  ])('is left out for %s', async (_what, line, rest) => {
    guest = await startRawGuest((socket) => socket.write(`${announced}${rest}`));
    edge = await startEdge(mirror);
    const answer = await edge.raw(`${line}\r\nHost: ${guest.host}\r\nConnection: close\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK/);
    expect(answer).not.toMatch(/trailer:/i);
  });

  it('comes with chunks', async () => {
    guest = await startRawGuest((socket) =>
      socket.write(`${announced}Transfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 5\r\n\r\n`),
    );
    edge = await startEdge(mirror);
    const answer = await ask(edge, { headers: { host: guest.host } });
    await bodyOf(answer);
    expect([answer.headers.trailer, answer.trailers]).toEqual(['X-Sum', { 'x-sum': '5' }]);
  });

  it.each([
    ['GET', ''],
    ['POST', 'Content-Length: 2\r\n'],
  ])('in a %s without chunks is left out on the way to the guest', async (method, length) => {
    edge = await startEdge(mirror);
    const answer = await edge.raw(
      `${method} / HTTP/1.1\r\nHost: ${edge.host}\r\nTrailer: X-Sum\r\n${length}Connection: close\r\n\r\n${length && 'ok'}`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK/);
    expect(answer).not.toContain('"Trailer"');
  });
});

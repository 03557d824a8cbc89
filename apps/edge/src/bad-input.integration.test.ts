import { once } from 'node:events';
import { afterEach, expect, it, test } from 'vitest';
import { capsuleId, type EdgeUnderTest, startEdge } from './testing/edge-under-test.ts';

let edge: EdgeUnderTest;
let heard: string[];
afterEach(() => edge[Symbol.asyncDispose]());

async function start(): Promise<void> {
  heard = [];
  edge = await startEdge((request, response) => {
    heard.push(`${request.method} ${request.url}`);
    request.resume();
    response.end('from the guest');
  });
}

const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: HOST\r\n\r\n';

test.each([
  [
    'two lengths',
    `POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n${smuggled}`,
  ],
  [
    'a length and chunks',
    `POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
  ],
  [
    'chunks and a length',
    `POST / HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n${smuggled}`,
  ],
  [
    'a coding that hides chunks',
    `POST / HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${smuggled}`,
  ],
  [
    'a coding before chunks',
    `POST / HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n${smuggled}`,
  ],
  [
    'two codings',
    `POST / HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${smuggled}`,
  ],
  [
    'a space before the colon',
    `POST / HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n${smuggled}`,
  ],
  ['a folded header', `GET / HTTP/1.1\r\nHost: HOST\r\nX: a\r\n b: c\r\n\r\n`],
  ['two hosts', 'GET / HTTP/1.1\r\nHost: HOST\r\nHost: other\r\n\r\n'],
  ['another authority in the request line', 'GET http://other/ HTTP/1.1\r\nHost: HOST\r\n\r\n'],
  ['user information in the authority', 'GET http://a@HOST/ HTTP/1.1\r\nHost: HOST\r\n\r\n'],
  ['bare line feeds', 'GET / HTTP/1.1\nHost: HOST\n\n'],
  ['a NUL in a header', 'GET / HTTP/1.1\r\nHost: HOST\r\nX: a\0b\r\n\r\n'],
])('%s: refused, and the guest hears nothing', async (_what, text) => {
  await start();
  const answer = await edge.raw(text.replaceAll('HOST', edge.host));
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(answer).not.toContain('from the guest');
  expect(heard).toEqual([]);
});

test('a chunk of nonsense breaks the request on both sides', async () => {
  await start();
  const answer = await edge.raw(
    `POST / HTTP/1.1\r\nHost: ${edge.host}\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n${smuggled}`,
  );
  expect(answer).not.toContain('smuggled');
  expect(heard).not.toContain('GET /smuggled');
});

test('the same authority in the request line is the path behind it', async () => {
  await start();
  await edge.raw(`GET http://${edge.host}/x?y HTTP/1.1\r\nHost: ${edge.host}\r\nConnection: close\r\n\r\n`);
  expect(heard).toEqual(['GET /x?y']);
});

test('CONNECT opens nothing', async () => {
  await start();
  expect(await edge.raw(`CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: ${edge.host}\r\n\r\n`)).toBe('');
});

it('cuts off a client that takes longer than 10 seconds for its headers', async () => {
  await start();
  const began = performance.now();
  const socket = edge.connect();
  socket.on('error', () => undefined);
  socket.resume();
  socket.write(`GET / HTTP/1.1\r\nHost: ${edge.host}\r\n`);
  const dripping = setInterval(() => socket.write('X: 1\r\n'), 500);
  await once(socket, 'close');
  clearInterval(dripping);
  expect(performance.now() - began).toBeGreaterThan(9_000);
  expect(heard).toEqual([]);
});

it('forwards to no address that a request names', async () => {
  await start();
  for (const host of [
    '127.0.0.1',
    '169.254.169.254',
    'localhost',
    `80-${capsuleId}`,
    `x@80-${capsuleId}.a`,
  ]) {
    const answer = await edge.raw(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 40[04] /);
  }
  expect(heard).toEqual([]);
});

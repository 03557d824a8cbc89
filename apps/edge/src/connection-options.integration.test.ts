import { afterEach, expect, it } from 'vitest';
import { mirror, seen } from './testing/ask.ts';
import { bodyOf, type EdgeUnderTest, startEdge } from './testing/edge-under-test.ts';

let edge: EdgeUnderTest;
afterEach(() => edge[Symbol.asyncDispose]());

const hidden = 'GET /hidden HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

it('a body whose length a Connection takes away is never heard as a request', async () => {
  const heard: (string | undefined)[] = [];
  edge = await startEdge((request, response) => {
    heard.push(request.url);
    void bodyOf(request).then(() => response.end());
  });
  const answer = await edge.raw(
    `GET /health HTTP/1.1\r\nHost: ${edge.host}\r\nConnection: content-length\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
  );
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
  await seen(edge, { path: '/after' }).catch(() => undefined);
  expect(heard).toEqual(['/after']);
});

it.each([
  'Content-Length',
  'close, transfer-encoding',
  'Host',
  'Cookie',
  'Authorization',
  'Expect',
  'Origin',
  'Upgrade, Sec-WebSocket-Key',
  'X-Forwarded-For',
  'X-Forwarded-User',
  'Forwarded',
  'X-Wrenn-Access',
  'e2b-traffic-access-token',
  'keep-alive,,\tX_Forwarded_Proto',
])('a Connection of %s is refused, and the guest hears nothing', async (options) => {
  let heard = 0;
  edge = await startEdge((_request, response) => {
    heard += 1;
    response.end();
  });
  const answer = await edge.raw(`GET / HTTP/1.1\r\nHost: ${edge.host}\r\nConnection: ${options}\r\n\r\n`);
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(heard).toBe(0);
});

it('an upgrade with such a Connection is refused too', async () => {
  edge = await startEdge((_request, response) => response.end());
  const answer = await edge.raw(
    `GET / HTTP/1.1\r\nHost: ${edge.host}\r\nUpgrade: websocket\r\nConnection: Upgrade, Sec-WebSocket-Key\r\n\r\n`,
  );
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
});

it('other headers that a Connection names end at the edge', async () => {
  edge = await startEdge(mirror);
  const { headers } = await seen(edge, {
    headers: { connection: 'X-Hop, X-Other', 'x-hop': '1', 'x-other': '2', 'x-end': '3' },
  });
  expect(headers).toMatchObject({ 'x-end': '3' });
  expect(headers).not.toHaveProperty('x-hop');
  expect(headers).not.toHaveProperty('x-other');
});

import { once } from 'node:events';
import { afterEach, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { ask, mirror, seen } from './testing/ask.ts';
import { bodyOf, capsuleId, type EdgeUnderTest, startEdge } from './testing/edge-under-test.ts';

let edge: EdgeUnderTest;
afterEach(() => edge[Symbol.asyncDispose]());

const host = 'api.capsules.example';

it('the API is at `api.` before the name of the edge, with the cookies and credentials that are meant for it', async () => {
  edge = await startEdge(mirror);
  const { url, body, headers } = await seen(edge, {
    method: 'POST',
    path: '/v1/capsules?x=%2F',
    body: '{}',
    headers: {
      host,
      cookie: '__Host-wrenn_session=1; other=2',
      'x-api-key': 'key',
      'x-forwarded-for': '1.2.3.4',
    },
  });
  expect([url, body]).toEqual(['/v1/capsules?x=%2F', '{}']);
  expect(headers).toMatchObject({
    host,
    cookie: '__Host-wrenn_session=1; other=2',
    'x-api-key': 'key',
    'x-forwarded-for': '127.0.0.1',
  });
});

it('cookies of the API come back as they are', async () => {
  edge = await startEdge((_request, response) => {
    response.setHeader('set-cookie', '__Host-wrenn_session=1; Path=/; Secure; HttpOnly');
    response.end();
  });
  const answer = await ask(edge, { headers: { host } });
  expect(answer.headers['set-cookie']).toEqual(['__Host-wrenn_session=1; Path=/; Secure; HttpOnly']);
});

it('what edges ask of it is for nobody who comes by one', async () => {
  edge = await startEdge(mirror);
  for (const path of [
    '/internal/edge/capsules/x',
    '/internal',
    '//internal/x',
    '/%69nternal/x',
    '/INTERNAL/x?y',
  ]) {
    const answer = await ask(edge, { path, headers: { host } });
    expect(answer.statusCode).toBe(404);
    expect(await bodyOf(answer)).not.toContain('rawHeaders');
  }
});

it('WebSockets of the API are opened through it', async () => {
  edge = await startEdge(mirror);
  const server = new WebSocketServer({ server: edge.guest });
  server.on('connection', (socket) => socket.on('message', (data) => socket.send(data, { binary: false })));
  const socket = new WebSocket(`ws://${edge.address}/v1/capsules/x/pty`, { headers: { host } });
  await once(socket, 'open');
  socket.send('typed');
  const [data] = await once(socket, 'message');
  expect(String(data)).toBe('typed');
  socket.close();
  await once(socket, 'close');
});

it('nothing of a capsule is shown at the name of the API', async () => {
  edge = await startEdge(mirror);
  const { url } = await seen(edge, { path: `/proxy/${capsuleId}/${edge.port}/page`, headers: { host } });
  // It went to the API as it is, which knows no such path.
  expect(url).toBe(`/proxy/${capsuleId}/${edge.port}/page`);
});

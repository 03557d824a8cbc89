import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { portLink, trafficToken } from '@wrenn/core';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { type EdgeUnderTest, startEdge } from './testing/edge-under-test.ts';

let edge: EdgeUnderTest;
const opened: WebSocket[] = [];
afterEach(async () => {
  for (const socket of opened.splice(0)) socket.terminate();
  await edge[Symbol.asyncDispose]();
});

/** A guest that echoes what it gets on WebSockets. */
async function startEcho(ports: 'public' | 'private' = 'public') {
  edge = await startEdge((_request, response) => response.writeHead(426).end('upgrade'), { ports });
  const server = new WebSocketServer({ server: edge.guest, handleProtocols: ([first]) => first ?? false });
  const requests: IncomingMessage[] = [];
  server.on('connection', (socket, request) => {
    requests.push(request);
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  return { server, requests };
}

function open(path = '/', headers: Record<string, string> = {}, protocols: string[] = []): WebSocket {
  const socket = new WebSocket(`ws://${edge.address}${path}`, protocols, {
    headers: { host: edge.host, ...headers },
    maxPayload: 64 * 1024 * 1024,
  });
  opened.push(socket);
  socket.on('error', () => undefined);
  return socket;
}

async function statusOf(socket: WebSocket): Promise<number | undefined> {
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
  response.resume();
  return response.statusCode;
}

describe('a WebSocket', () => {
  it('passes frames of a megabyte both ways', async () => {
    await startEcho();
    const socket = open();
    await once(socket, 'open');
    const frame = Buffer.alloc(1_000_000, 7);
    for (let count = 0; count < 10; count++) socket.send(frame);
    for (let count = 0; count < 10; count++) {
      const [data] = (await once(socket, 'message')) as [Buffer];
      expect(data.equals(frame)).toBe(true);
    }
  });

  it('has the same host as a plain request', async () => {
    const { requests } = await startEcho();
    await once(open(), 'open');
    expect(requests[0]?.headers).toMatchObject({ host: edge.host, 'x-forwarded-for': '127.0.0.1' });
  });

  it('tells how it was closed', async () => {
    const { server } = await startEcho();
    const socket = open();
    await once(socket, 'open');
    for (const client of server.clients) client.close(4001, 'enough');
    const [code, reason] = await once(socket, 'close');
    expect([code, String(reason)]).toEqual([4001, 'enough']);
  });

  it('that the guest refuses has the answer of the guest', async () => {
    edge = await startEdge(() => undefined);
    edge.guest.on('upgrade', (_request, socket: Socket) =>
      socket.end('HTTP/1.1 401 No\r\nContent-Length: 2\r\nX-Why: key\r\n\r\nno'),
    );
    expect(await statusOf(open())).toBe(401);
  });

  it('is no tunnel for a guest that did not read its key', async () => {
    edge = await startEdge(() => undefined);
    edge.guest.on('upgrade', (_request, socket: Socket) =>
      socket.write(
        'HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n',
      ),
    );
    expect(await statusOf(open())).toBe(502);
  });

  it('on a port that nobody listens on is refused as a request would be', async () => {
    await startEcho();
    expect(await statusOf(open('/', { host: edge.host.replace(/^\d+/, String(edge.closedPort)) }))).toBe(502);
  });

  it('of a client that never reads stops the guest, and nobody else', async () => {
    const { server } = await startEcho();
    const slow = open('/slow');
    await once(slow, 'open');
    slow.pause();
    const [guest] = server.clients;
    const frame = Buffer.alloc(1_000_000);
    for (let count = 0; count < 50; count++) guest?.send(frame);
    const other = open('/other');
    await once(other, 'open');
    for (let count = 0; count < 20; count++) {
      other.send(String(count));
      const [data] = await once(other, 'message');
      expect(String(data)).toBe(String(count));
    }
    await delay(500);
    // What the kernel and the edge hold for it is bounded: the rest waits in the guest.
    expect(guest?.bufferedAmount).toBeGreaterThan(20_000_000);
  });

  it('is reset when the capsule is dropped', async () => {
    await startEcho();
    const socket = open();
    await once(socket, 'open');
    edge.passage.drop();
    const [code] = await once(socket, 'close');
    expect(code).toBe(1006);
  });

  it.each([
    ['as a header', '/', { 'x-wrenn-access': 'TOKEN' }, []],
    ['in the query', '/?wrenn_access=TOKEN&x=1', {}, []],
    ['as a cookie', '/', { cookie: 'wrenn_access=LINK' }, []],
    ['as a subprotocol', '/', {}, ['wrenn-access.TOKEN', 'chat']],
  ])(
    'opens a private port with a credential %s, which the guest never sees',
    async (_how, path, headers, protocols) => {
      const { requests } = await startEcho('private');
      const token = trafficToken(edge.accessKey);
      const link = portLink(edge.accessKey, edge.port, Math.floor(Date.now() / 1000) + 60);
      const filled = (text: string) => text.replace('TOKEN', token).replace('LINK', link);
      const socket = open(
        filled(path),
        Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, filled(value)])),
        protocols.map(filled),
      );
      await once(socket, 'open');
      const sent = JSON.stringify([requests[0]?.url, requests[0]?.rawHeaders]);
      expect(sent).not.toContain(token);
      expect(sent).not.toContain(link);
      expect(sent).not.toContain('wrenn');
    },
  );

  it('does not open a private port without one', async () => {
    await startEcho('private');
    expect(await statusOf(open())).toBe(403);
  });
});

it('a request that wants to become HTTP/2 stays a request', async () => {
  edge = await startEdge((request, response) => response.end(String(request.headers.upgrade)));
  const answer = await edge.raw(
    `GET / HTTP/1.1\r\nHost: ${edge.host}\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n`,
  );
  expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  expect(answer).toContain('undefined');
});

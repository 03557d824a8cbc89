import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { trafficToken } from '@wrenn/core';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { mirror } from './testing/ask.ts';
import { selfSigned } from './testing/certificate.ts';
import { type EdgeUnderTest, startEdge } from './testing/edge-under-test.ts';
import { startRawGuest } from './testing/raw-guest.ts';

let edge: EdgeUnderTest;
afterEach(() => edge[Symbol.asyncDispose]());

const handshake = (host: string, more = '') =>
  `GET /socket HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n${more}\r\n`;

/** A guest with WebSockets; what it was asked. */
async function startSockets(options: Parameters<typeof startEdge>[1] = {}): Promise<IncomingMessage[]> {
  edge = await startEdge(mirror, options);
  const asked: IncomingMessage[] = [];
  const server = new WebSocketServer({ server: edge.guest, handleProtocols: () => 'chat' });
  server.on('connection', (_socket, request) => asked.push(request));
  return asked;
}

describe('a handshake', () => {
  it('whose client ends its side before there is an answer is over, on both sides', async () => {
    await using guest = await startRawGuest(() => undefined);
    edge = await startEdge(mirror);
    const client = edge.connect();
    client.write(handshake(guest.host));
    await expect.poll(() => guest.heard.length).toBe(1);
    client.end();
    expect(await text(client)).toBe('');
    await expect.poll(() => [guest.sockets.size, edge.passage.exchanges.count]).toEqual([0, 0]);
  });

  it('whose client ends its side while the capsule stands still is over', async () => {
    await using guest = await startRawGuest(() => undefined);
    edge = await startEdge(mirror);
    await edge.passage.hold(0);
    const client = edge.connect();
    client.end(handshake(guest.host));
    expect(await text(client)).toBe('');
    edge.passage.release();
    expect(guest.heard).toEqual([]);
  });

  it('that the guest leaves without an answer is 502 after a while', async () => {
    await using guest = await startRawGuest(() => undefined);
    edge = await startEdge(mirror, { agreeMs: 1_000 });
    expect(await edge.raw(handshake(guest.host))).toMatch(/^HTTP\/1\.1 502 /);
    await expect.poll(() => [guest.sockets.size, edge.passage.exchanges.count]).toEqual([0, 0]);
  });

  it('lets the client end its side once the two are one, and still listen', async () => {
    edge = await startEdge(mirror);
    edge.guest.on('upgrade', (_request, socket: Socket) => {
      socket.write('HTTP/1.1 101 Yes\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
      let got = '';
      socket.on('data', (chunk) => {
        got += chunk;
        if (got.endsWith('last')) socket.end(`got ${got}`);
      });
    });
    const client = edge.connect();
    client.write(
      `GET / HTTP/1.1\r\nHost: ${edge.host}\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nfirst `,
    );
    const [head] = await once(client, 'data');
    expect(String(head)).toMatch(/^HTTP\/1\.1 101 /);
    client.end('last');
    expect(await text(client)).toBe('got first last');
  });

  it('with a body is a request like any other, with its body', async () => {
    edge = await startEdge(mirror);
    for (const [length, body] of [
      ['Content-Length: 4', 'body'],
      ['Transfer-Encoding: chunked', '4\r\nbody\r\n0\r\n\r\n'],
    ]) {
      const answer = await edge.raw(
        `POST / HTTP/1.1\r\nHost: ${edge.host}\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n${length}\r\n\r\n${body}`,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 200 /);
      expect(answer).toContain('"body":"body"');
      expect(answer).not.toContain('"Upgrade"');
    }
  });

  it('has localhost as its host and origin where the servers take no other', async () => {
    const asked = await startSockets({ outside: { hostHeader: 'local' } });
    const own = new WebSocket(`ws://${edge.address}/`, {
      headers: { host: edge.host },
      origin: `http://${edge.host}`,
    });
    await once(own, 'open');
    const other = new WebSocket(`ws://${edge.address}/`, {
      headers: { host: edge.host },
      origin: 'https://other.example',
    });
    await once(other, 'open');
    const local = `localhost:${edge.port}`;
    expect(asked.map(({ headers: { host, origin } }) => [host, origin])).toEqual([
      [local, `http://${local}`],
      [local, 'https://other.example'],
    ]);
    for (const socket of [own, other]) socket.terminate();
  });
});

describe('a credential as a subprotocol', () => {
  const open = (protocols: string[]) =>
    new WebSocket(`ws://${edge.address}/`, protocols, { headers: { host: edge.host } });

  it('opens also alone: the client hears it as the chosen one, and the guest of none', async () => {
    const asked = await startSockets({ ports: 'private' });
    const carrier = `wrenn-access.${trafficToken(edge.accessKey)}`;
    const socket = open([carrier]);
    await once(socket, 'open');
    expect(socket.protocol).toBe(carrier);
    expect(asked[0]?.headers).not.toHaveProperty('sec-websocket-protocol');
    socket.terminate();
  });

  it('leaves the choice of the others to the guest', async () => {
    const asked = await startSockets({ ports: 'private' });
    const socket = open([`wrenn-access.${trafficToken(edge.accessKey)}`, 'chat', 'v2']);
    await once(socket, 'open');
    expect(socket.protocol).toBe('chat');
    expect(asked[0]?.headers['sec-websocket-protocol']?.replaceAll(' ', '')).toBe('chat,v2');
    socket.terminate();
  });
});

describe.each(['HTTP', 'HTTPS'])('over %s', (kind) => {
  /** What comes back, until the edge ends the connection. */
  async function raw(request: string): Promise<string> {
    if (kind === 'HTTP') return await edge.raw(request);
    const [host = '', port] = edge.address.split(':');
    const socket = connectTls({
      host,
      port: Number(port),
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
    });
    socket.write(request);
    return await text(socket);
  }
  const start = async () => {
    edge = await startEdge(mirror, kind === 'HTTPS' ? { tls: selfSigned() } : {});
  };

  it.each(['h2c', 'H2C', 'h2', 'HTTP/2.0', 'websocket, h2c'])(
    'a request that wants to become %s stays a request',
    async (protocol) => {
      await start();
      const answer = await raw(
        `GET / HTTP/1.1\r\nHost: ${edge.host}\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: ${protocol}\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n`,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 200 /);
      expect(answer).not.toMatch(/"(?:upgrade|http2-settings)"/i);
    },
  );

  it('an expectation that the edge does not know is for the guest to judge', async () => {
    await start();
    edge.guest.on('checkExpectation', mirror);
    const answer = await raw(
      `GET / HTTP/1.1\r\nHost: ${edge.host}\r\nExpect: wonders\r\nConnection: close\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).toContain('wonders');
  });
});

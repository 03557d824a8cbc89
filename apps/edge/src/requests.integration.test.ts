import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { mirror, seen } from './testing/ask.ts';
import { type EdgeUnderTest, startEdge } from './testing/edge-under-test.ts';

let edge: EdgeUnderTest;
afterEach(() => edge[Symbol.asyncDispose]());

describe('a request', () => {
  it.each(['/a%2Fb//c/./../d/?x=1&x=%20', '/', '/?', '/%', '/x;y=z', '/%C3%A4'])(
    'arrives with the path %s as it was sent',
    async (path) => {
      edge = await startEdge(mirror);
      expect((await seen(edge, { path })).url).toBe(path);
    },
  );

  it('arrives with its body, sized or chunked, and its trailers', async () => {
    edge = await startEdge(mirror);
    expect((await seen(edge, { method: 'POST', body: 'sized' })).body).toBe('sized');
    const answer = await edge.raw(
      `PUT / HTTP/1.1\r\nHost: ${edge.host}\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 5\r\n\r\n`,
    );
    expect(answer).toContain('"body":"hello"');
    expect(answer).toContain('"rawTrailers":["X-Sum","5"]');
  });

  it('says of the client what the edge has seen, not what the client says of itself', async () => {
    edge = await startEdge(mirror);
    const { headers } = await seen(edge, {
      headers: { 'x-forwarded-for': '1.2.3.4', 'x-forwarded-proto': 'https', forwarded: 'for=1.2.3.4' },
    });
    expect(headers).toMatchObject({
      host: edge.host,
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-host': edge.host,
      'x-forwarded-proto': 'http',
    });
    expect(headers).not.toHaveProperty('forwarded');
  });

  it('keeps what a trusted load balancer says of the client', async () => {
    edge = await startEdge(mirror, { outside: { forwarded: 'trust' } });
    const { headers } = await seen(edge, {
      headers: { 'x-forwarded-for': '1.2.3.4', 'x-forwarded-proto': 'https' },
    });
    expect(headers).toMatchObject({ 'x-forwarded-for': '1.2.3.4, 127.0.0.1', 'x-forwarded-proto': 'https' });
  });

  it('has localhost as its host and origin where the servers take no other', async () => {
    edge = await startEdge(mirror, { outside: { hostHeader: 'local' } });
    const { headers } = await seen(edge, { headers: { origin: `http://${edge.host}` } });
    expect(headers).toMatchObject({
      host: `localhost:${edge.port}`,
      origin: `http://localhost:${edge.port}`,
    });
  });

  it("loses the platform's cookies and credentials, and what is about the connection", async () => {
    edge = await startEdge(mirror);
    const { headers, url } = await seen(edge, {
      path: '/x?a=1&wrenn_access=secret&b=2',
      headers: {
        cookie: 'mine=1; wrenn_access=secret; __Host-wrenn_session=secret; other=2',
        'x-wrenn-access': 'secret',
        'e2b-traffic-access-token': 'secret',
        connection: 'x-mine',
        'x-mine': 'of the connection',
        'proxy-authorization': 'secret',
        te: 'trailers, gzip',
      },
    });
    expect(url).toBe('/x?a=1&b=2');
    expect(headers).toMatchObject({ cookie: 'mine=1; other=2', te: 'trailers' });
    expect(JSON.stringify(headers)).not.toContain('secret');
    expect(headers).not.toHaveProperty('x-mine');
  });

  it('may have 60 KiB of headers', async () => {
    edge = await startEdge(mirror);
    const { headers } = await seen(edge, { headers: { 'x-large': 'x'.repeat(60_000) } });
    expect(headers['x-large']).toHaveLength(60_000);
    expect(
      await edge.raw(`GET / HTTP/1.1\r\nHost: ${edge.host}\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`),
    ).toContain('431');
  });

  it('with Expect is answered by the guest before its body is sent', async () => {
    edge = await startEdge(() => undefined);
    edge.guest.on('checkContinue', (request, response) => {
      if (request.url === '/no') {
        response.writeHead(413, { connection: 'close' }).end('too much');
        return;
      }
      response.writeContinue();
      mirror(request, response);
    });
    const head = (path: string) =>
      `POST ${path} HTTP/1.1\r\nHost: ${edge.host}\r\nContent-Length: 4\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n`;
    const refused = await edge.raw(head('/no'));
    expect(refused).toMatch(/^HTTP\/1\.1 413 /);
    const socket = edge.connect();
    socket.write(head('/yes'));
    const [go] = await once(socket, 'data');
    expect(String(go)).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    socket.write('body');
    expect(await text(socket)).toContain('"body":"body"');
    socket.destroy();
  });
});

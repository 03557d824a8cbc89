import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { bodyOf, capsuleId, type EdgeUnderTest, startEdge } from './testing/edge-under-test.ts';

let edge: EdgeUnderTest;
afterEach(() => edge[Symbol.asyncDispose]());

/** What the guest saw of a request, as JSON. */
const mirror: RequestListener = (request, response) => {
  void bodyOf(request).then((body) => {
    const { method, url, rawHeaders, rawTrailers } = request;
    response.end(JSON.stringify({ method, url, rawHeaders, rawTrailers, body }));
  });
};

interface Ask {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string;
}

async function ask({ path = '/', method = 'GET', headers = {}, body }: Ask): Promise<IncomingMessage> {
  const sent = httpRequest(`http://${edge.address}`, {
    path,
    method,
    headers: { host: edge.host, ...headers },
    agent: false,
  });
  // Also after the answer has begun, where a test looks at the answer.
  sent.on('error', () => undefined);
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  return answer;
}

async function seen(asked: Ask) {
  const { method, url, rawHeaders, body } = JSON.parse(await bodyOf(await ask(asked))) as {
    method: string;
    url: string;
    rawHeaders: string[];
    body: string;
  };
  const headers: Record<string, string> = {};
  for (let index = 0; index < rawHeaders.length; index += 2) {
    headers[rawHeaders[index]?.toLowerCase() ?? ''] = rawHeaders[index + 1] ?? '';
  }
  return { method, url, headers, body };
}

describe('a request', () => {
  it.each(['/a%2Fb//c/./../d/?x=1&x=%20', '/', '/?', '/%', '/x;y=z', '/%C3%A4'])(
    'arrives with the path %s as it was sent',
    async (path) => {
      edge = await startEdge(mirror);
      expect((await seen({ path })).url).toBe(path);
    },
  );

  it('arrives with its body, sized or chunked, and its trailers', async () => {
    edge = await startEdge(mirror);
    expect((await seen({ method: 'POST', body: 'sized' })).body).toBe('sized');
    const answer = await edge.raw(
      `PUT / HTTP/1.1\r\nHost: ${edge.host}\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 5\r\n\r\n`,
    );
    expect(answer).toContain('"body":"hello"');
    expect(answer).toContain('"rawTrailers":["X-Sum","5"]');
  });

  it('says of the client what the edge has seen, not what the client says of itself', async () => {
    edge = await startEdge(mirror);
    const { headers } = await seen({
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
    const { headers } = await seen({
      headers: { 'x-forwarded-for': '1.2.3.4', 'x-forwarded-proto': 'https' },
    });
    expect(headers).toMatchObject({ 'x-forwarded-for': '1.2.3.4, 127.0.0.1', 'x-forwarded-proto': 'https' });
  });

  it('has localhost as its host and origin where the servers take no other', async () => {
    edge = await startEdge(mirror, { outside: { hostHeader: 'local' } });
    const { headers } = await seen({ headers: { origin: `http://${edge.host}` } });
    expect(headers).toMatchObject({
      host: `localhost:${edge.port}`,
      origin: `http://localhost:${edge.port}`,
    });
  });

  it("loses the platform's cookies and credentials, and what is about the connection", async () => {
    edge = await startEdge(mirror);
    const { headers, url } = await seen({
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
    const { headers } = await seen({ headers: { 'x-large': 'x'.repeat(60_000) } });
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
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toContain('"body":"body"');
    socket.destroy();
  });
});

describe('an answer', () => {
  it('comes with its status, headers in their order and spelling, and every cookie', async () => {
    edge = await startEdge((_request, response) => {
      response.sendDate = false;
      response.writeHead(418, 'Short and Stout', [
        'X-One',
        '1',
        'Set-Cookie',
        'a=1',
        'x-two',
        '2',
        'Set-Cookie',
        'b=2; Domain=.example; Path=/p',
        'Content-Length',
        '0',
      ]);
      response.end();
    });
    const answer = await ask({});
    expect([answer.statusCode, answer.statusMessage]).toEqual([418, 'Short and Stout']);
    expect(answer.rawHeaders.slice(0, 10)).toEqual([
      ...['X-One', '1', 'Set-Cookie', 'a=1', 'x-two', '2'],
      ...['Set-Cookie', 'b=2; Path=/p', 'Content-Length', '0'],
    ]);
  });

  it("cannot set the platform's cookies", async () => {
    edge = await startEdge((_request, response) => {
      response.setHeader('set-cookie', ['wrenn_access=x', '__Host-wrenn_session=y; Path=/', 'fine=1']);
      response.end();
    });
    expect((await ask({})).headers['set-cookie']).toEqual(['fine=1']);
  });

  it.each([
    ['HEAD', 200, '5'],
    ['GET', 204, undefined],
    ['GET', 304, undefined],
  ])('to %s with %d has no body', async (method, status, length) => {
    edge = await startEdge((_request, response) => {
      response.writeHead(status, length === undefined ? {} : { 'content-length': length }).end();
    });
    const answer = await ask({ method });
    expect(answer.statusCode).toBe(status);
    expect(answer.headers['content-length']).toBe(length);
    expect(await bodyOf(answer)).toBe('');
  });

  it('that is a stream of events comes event by event', async () => {
    const next = Promise.withResolvers<void>();
    edge = await startEdge((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: 1\n\n');
      void next.promise.then(() => response.end('data: 2\n\n'));
    });
    const answer = await ask({});
    const [first] = await once(answer, 'data');
    expect(String(first)).toBe('data: 1\n\n');
    next.resolve();
    expect(await bodyOf(answer)).toBe('data: 2\n\n');
  });

  it('brings its trailers', async () => {
    edge = await startEdge((_request, response) => {
      response.writeHead(200, { trailer: 'grpc-status' });
      response.write('x');
      response.addTrailers({ 'grpc-status': '0' });
      response.end();
    });
    const answer = await ask({});
    expect(await bodyOf(answer)).toBe('x');
    expect(answer.trailers).toEqual({ 'grpc-status': '0' });
  });

  it('that breaks off is reset, so that nobody takes it for whole', async () => {
    edge = await startEdge((_request, response) => {
      response.write('the first half');
      setTimeout(() => response.destroy(), 50);
    });
    const answer = await ask({});
    await expect(bodyOf(answer)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('ends the work of the guest when the client goes away', async () => {
    const gone = Promise.withResolvers<void>();
    edge = await startEdge((_request, response) => {
      response.write('x');
      response.once('close', gone.resolve);
    });
    const answer = await ask({});
    answer.destroy();
    await gone.promise;
  });

  it.each([
    ['/next', '/next'],
    ['sub/', 'sub/'],
    ['/dir/', '/dir/'],
    ['http://HOST/next?x=%2F', '/next?x=%2F'],
    ['http://localhost:PORT/', '/'],
    ['https://other.example/next', 'https://other.example/next'],
    ['//other.example/next', '//other.example/next'],
  ])(
    'that leads to %s leads to %s in the host form, and below the prefix in the path form',
    async (location, outside) => {
      edge = await startEdge((request, response) => {
        const to = location.replace('HOST', request.headers.host ?? '').replace('PORT', String(edge.port));
        response.writeHead(302, { location: to, refresh: `0; url=${to}` }).end();
      });
      expect((await ask({})).headers).toMatchObject({ location: outside, refresh: `0; url=${outside}` });
      const prefix = `/proxy/${capsuleId}/${edge.port}`;
      const inPath = await ask({ path: `${prefix}/start`, headers: { host: edge.address } });
      const expected = outside.startsWith('/') && !outside.startsWith('//') ? `${prefix}${outside}` : outside;
      expect(inPath.headers).toMatchObject({ location: expected, refresh: `0; url=${expected}` });
    },
  );

  it('goes at the pace of a slow client', async () => {
    const chunk = Buffer.alloc(256 * 1024);
    let written = 0;
    edge = await startEdge((_request, response) => {
      const more = () => {
        while (written < 200 * chunk.length && !response.destroyed) {
          written += chunk.length;
          if (!response.write(chunk)) return void response.once('drain', more);
        }
      };
      more();
    });
    const answer = await ask({});
    answer.pause();
    let before = -1;
    while (written !== before) {
      before = written;
      await delay(300);
    }
    // Sockets of the kernel on both ways, and some buffers: far from all of it.
    expect(written).toBeLessThan(100 * chunk.length);
    answer.destroy();
  });
});

describe('a port', () => {
  it('that nobody listens on is 502 after three attempts, in the form that E2B knows', async () => {
    edge = await startEdge(mirror);
    const began = performance.now();
    const answer = await ask({ headers: { host: `9-${capsuleId}.localhost` } });
    expect(performance.now() - began).toBeGreaterThan(290);
    expect(answer.statusCode).toBe(502);
    expect(JSON.parse(await bodyOf(answer))).toMatchObject({
      sandboxId: capsuleId,
      port: 9,
      code: 502,
      message: 'The sandbox is running but port is not open',
    });
  });

  it('that is just coming up is waited for, with the body of the request', async () => {
    edge = await startEdge(mirror);
    const late = createServer(mirror);
    const free = createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const { port } = free.address() as AddressInfo;
    free.close();
    await once(free, 'close');
    setTimeout(() => late.listen(port, '127.0.0.1'), 150);
    const { body } = await seen({
      method: 'POST',
      body: 'waits',
      headers: { host: `${port}-${capsuleId}.localhost` },
    });
    expect(body).toBe('waits');
    late.close();
    late.closeAllConnections();
  });

  it('whose server closes idle connections costs no request', async () => {
    edge = await startEdge((_request, response) => response.end('x'));
    edge.guest.keepAliveTimeout = 1;
    for (let count = 0; count < 50; count++) {
      expect((await ask({})).statusCode).toBe(200);
      await delay(count % 5);
    }
  });

  it('serves a hundred downloads at once, each whole', async () => {
    const body = 'x'.repeat(1_000_000);
    edge = await startEdge((_request, response) => response.end(body));
    const all = await Promise.all(Array.from({ length: 100 }, async () => await bodyOf(await ask({}))));
    expect(all.every((each) => each === body)).toBe(true);
  });
});

describe('a capsule', () => {
  it('that is dropped resets its connections', async () => {
    edge = await startEdge((_request, response) => response.write('x'));
    const answer = await ask({});
    const ended = bodyOf(answer);
    edge.passage.drop();
    await expect(ended).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(edge.passage.exchanges.count).toBe(0);
  });

  it('that is held keeps requests waiting with their bodies, and serves them when it goes on', async () => {
    edge = await startEdge(mirror);
    await edge.passage.hold(0);
    const waiting = seen({ method: 'POST', body: 'parked' });
    expect(await Promise.race([waiting, delay(100, 'waits')])).toBe('waits');
    edge.passage.release();
    expect((await waiting).body).toBe('parked');
  });

  it('that is to be paused waits for what is under way, for a while', async () => {
    const end = Promise.withResolvers<void>();
    edge = await startEdge((_request, response) => {
      response.write('x');
      void end.promise.then(() => response.end());
    });
    const answer = await ask({});
    const held = edge.passage.hold(10_000);
    expect(await Promise.race([held, delay(100, 'waits')])).toBe('waits');
    end.resolve();
    await bodyOf(answer);
    await held;
  });

  it('that is not there is 404, and to clients of E2B 502', async () => {
    edge = await startEdge(mirror);
    const other = capsuleId.replace(/.$/, '0');
    expect((await ask({ headers: { host: `80-${other}.localhost` } })).statusCode).toBe(404);
    const answer = await ask({
      headers: { host: edge.address, 'e2b-sandbox-id': other, 'e2b-sandbox-port': '80' },
    });
    expect(answer.statusCode).toBe(502);
    expect(JSON.parse(await bodyOf(answer))).toMatchObject({
      message: 'The sandbox was not found',
      code: 502,
    });
  });

  it('keeps what only its host may call of its daemon from everybody', async () => {
    edge = await startEdge(mirror);
    for (const path of [
      '/init',
      '/snapshot/prepare',
      '//init',
      '/./init',
      '/%69nit',
      '/files/../init',
      '/INIT?',
    ]) {
      const answer = await ask({ path, method: 'POST', headers: { host: `49983-${capsuleId}.localhost` } });
      expect(answer.statusCode).toBe(404);
    }
  });
});

describe('a refusal', () => {
  it('is a page for a person, without a script and with nothing unescaped', async () => {
    edge = await startEdge(mirror);
    const answer = await ask({
      headers: { host: `9-${capsuleId}.localhost`, accept: 'text/html,*/*', 'sec-fetch-mode': 'navigate' },
    });
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(answer.headers['content-security-policy']).toContain("default-src 'none'");
    expect(await bodyOf(answer)).toContain('port is not open');
  });

  it('is JSON for a script of a page', async () => {
    edge = await startEdge(mirror);
    const headers = { host: `9-${capsuleId}.localhost`, accept: 'text/html', 'sec-fetch-mode': 'cors' };
    expect((await ask({ headers })).headers['content-type']).toBe('application/json');
  });

  it.each(['0', '65536', '080'])('meets port %s', async (port) => {
    edge = await startEdge(mirror);
    expect((await ask({ headers: { host: `${port}-${capsuleId}.localhost` } })).statusCode).toBe(400);
    expect(
      (await ask({ path: `/proxy/${capsuleId}/${port}/`, headers: { host: edge.address } })).statusCode,
    ).toBe(400);
  });
});

it('takes a capsule ID in capitals and a host with a dot at its end', async () => {
  edge = await startEdge(mirror);
  const host = `${edge.port}-${capsuleId.toUpperCase()}.LOCALHOST.`;
  expect((await seen({ headers: { host } })).url).toBe('/');
});

it('answers that it lives, and that other addresses name no capsule', async () => {
  edge = await startEdge(mirror);
  expect((await ask({ path: '/health', headers: { host: edge.address } })).statusCode).toBe(200);
  expect((await ask({ path: '/x', headers: { host: edge.address } })).statusCode).toBe(404);
});

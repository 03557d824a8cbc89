import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders } from 'node:http2';
import { text } from 'node:stream/consumers';
import { afterEach, beforeAll, expect, it } from 'vitest';
import type { Tls } from './edge-server.ts';
import { mirror } from './testing/ask.ts';
import { selfSigned } from './testing/certificate.ts';
import { type EdgeUnderTest, startEdge } from './testing/edge-under-test.ts';

let tls: Tls;
let edge: EdgeUnderTest;
let session: ClientHttp2Session;
beforeAll(() => {
  tls = selfSigned();
});
afterEach(async () => {
  session.destroy();
  await edge[Symbol.asyncDispose]();
});

async function start(onRequest: RequestListener): Promise<void> {
  edge = await startEdge(onRequest, { tls });
  session = connect(`https://${edge.address}`, { rejectUnauthorized: false });
  session.on('error', () => undefined);
}

function open(headers: Record<string, string>, body: 'none' | 'follows' | 'with trailers' = 'none') {
  return session.request(
    { ':authority': edge.host, ...headers },
    { endStream: body === 'none', waitForTrailers: body === 'with trailers' },
  );
}

const large = 'x'.repeat(60_000);

it('a reader that is slow holds up the guest, and no other request on its connection', async () => {
  const chunk = Buffer.alloc(256 * 1024);
  const most = 200;
  let written = 0;
  await start((request, response) => {
    if (request.url !== '/large') return void response.end('small');
    const more = () => {
      while (written < most && !response.destroyed) {
        written += 1;
        if (!response.write(chunk)) return void response.once('drain', more);
      }
      response.end();
    };
    more();
  });
  const slow = open({ ':path': '/large' });
  await once(slow, 'response');
  for (let count = 0; count < 50; count++) expect(await text(open({ ':path': '/small' }))).toBe('small');
  // What the kernel and the edge hold for it is bounded: the rest waits in the guest.
  expect(written).toBeLessThan(most / 2);
  let got = 0;
  slow.on('data', (each: Buffer) => {
    got += each.length;
  });
  await once(slow, 'end');
  expect(got).toBe(most * chunk.length);
});

it('a HEAD has the headers of the answer, its length too, and no body', async () => {
  await start((_request, response) => response.writeHead(200, { 'content-length': '5', etag: '"a"' }).end());
  const stream = open({ ':method': 'HEAD' });
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
  expect(headers).toMatchObject({ ':status': 200, 'content-length': '5', etag: '"a"' });
  expect(await text(stream)).toBe('');
});

it('headers of 60 KiB pass both ways', async () => {
  await start((request, response) => {
    response.setHeader('x-large', large);
    response.end(String(request.headers['x-large']?.length));
  });
  const stream = open({ 'x-large': large });
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
  expect(headers['x-large']).toHaveLength(large.length);
  expect(await text(stream)).toBe(String(large.length));
});

it.each(['with a length', 'without one'])('an upload %s arrives byte for byte', async (how) => {
  await start((request, response) => {
    const hash = createHash('sha256');
    request.on('data', (each) => hash.update(each));
    request.once('end', () => {
      const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
      response.end(JSON.stringify([hash.digest('hex'), length, coding]));
    });
  });
  const body = randomBytes(5_000_000);
  const isSized = how === 'with a length';
  const length = isSized ? { 'content-length': String(body.length) } : {};
  const stream = open({ ':method': 'PUT', ...length }, 'follows');
  stream.end(body);
  const expected = isSized ? [String(body.length), null] : [null, 'chunked'];
  const hash = createHash('sha256').update(body).digest('hex');
  expect(JSON.parse(await text(stream))).toEqual([hash, ...expected]);
});

it('the trailers of an upload arrive, without what only a proxy can know', async () => {
  await start(mirror);
  const stream = open({ ':method': 'POST' }, 'with trailers');
  stream.once('wantTrailers', () =>
    stream.sendTrailers({ 'x-sum': '4', 'x-forwarded-for': '1.2.3.4', 'x-wrenn-access': 'secret' }),
  );
  stream.end('body');
  expect(JSON.parse(await text(stream))).toMatchObject({ body: 'body', rawTrailers: ['x-sum', '4'] });
});

it('trailers in letters that HTTP/1.1 does not know end the request alone', async () => {
  await start(mirror);
  const stream = open({ ':method': 'POST' }, 'with trailers');
  stream.once('wantTrailers', () => stream.sendTrailers({ 'x-sum': 'four: €' }));
  stream.end('body');
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
  expect([200, 502]).toContain(headers[':status']);
  await text(stream);
  expect(JSON.parse(await text(open({ ':path': '/after' })))).toMatchObject({ url: '/after' });
});

it('an upload that the guest answers before it has read all gets the answer', async () => {
  await start((_request, response) => response.writeHead(413).end('too much'));
  const stream = open({ ':method': 'POST' }, 'follows');
  stream.on('error', () => undefined);
  stream.write(Buffer.alloc(100_000));
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
  expect(headers[':status']).toBe(413);
  expect(await text(stream)).toBe('too much');
});

it('CONNECT opens nothing, and ends no other request', async () => {
  const heard: (string | undefined)[] = [];
  await start((request, response) => {
    heard.push(`${request.method} ${request.url}`);
    response.end('reached');
  });
  const tunnel = session.request(
    { ':method': 'CONNECT', ':authority': '127.0.0.1:22' },
    { endStream: false },
  );
  const statuses: unknown[] = [];
  tunnel.on('response', (headers) => statuses.push(headers[':status']));
  await expect(once(tunnel, 'close')).rejects.toMatchObject({ code: 'ERR_HTTP2_STREAM_ERROR' });
  expect(statuses).toEqual([]);
  expect(tunnel.rstCode).toBe(constants.NGHTTP2_CONNECT_ERROR);
  expect(await text(open({ ':path': '/after' }))).toBe('reached');
  expect(heard).toEqual(['GET /after']);
});

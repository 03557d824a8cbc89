import { once } from 'node:events';
import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders } from 'node:http2';
import { text } from 'node:stream/consumers';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { Tls } from './edge-server.ts';
import { selfSigned } from './testing/certificate.ts';
import { bodyOf, capsuleId, type EdgeUnderTest, startEdge } from './testing/edge-under-test.ts';

let tls: Tls;
let edge: EdgeUnderTest;
let session: ClientHttp2Session | undefined;

beforeAll(() => {
  tls = selfSigned();
});
afterEach(async () => {
  session?.destroy();
  session = undefined;
  await edge[Symbol.asyncDispose]();
});

interface Answer {
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders | undefined;
  readonly body: string;
}

function open(): ClientHttp2Session {
  if (session === undefined) {
    session = connect(`https://${edge.address}`, { rejectUnauthorized: false });
    session.on('error', () => undefined);
  }
  return session;
}

async function ask(headers: Record<string, string | string[]> = {}, body?: string): Promise<Answer> {
  const stream = open().request({ ':authority': edge.host, ...headers }, { endStream: body === undefined });
  let trailers: IncomingHttpHeaders | undefined;
  stream.on('trailers', (got) => {
    trailers = got;
  });
  const answered = once(stream, 'response');
  if (body !== undefined) stream.end(body);
  const [got] = await answered;
  return { headers: got, body: await text(stream), trailers };
}

it('a client of HTTP/2 reaches a program that speaks HTTP/1.1, with its body, cookies and name', async () => {
  edge = await startEdge(
    (request, response) =>
      void bodyOf(request).then((body) => {
        response.setHeader('set-cookie', ['a=1', 'b=2']);
        response.setHeader('x-mixed', 'y');
        response.end(
          JSON.stringify([request.httpVersion, request.method, request.url, request.headers, body]),
        );
      }),
    { tls },
  );
  const { headers, body } = await ask(
    { ':method': 'POST', ':path': '/a%2Fb?c', cookie: ['x=1', 'wrenn_access=2', 'y=3'] },
    'body',
  );
  expect(headers[':status']).toBe(200);
  expect(headers['set-cookie']).toEqual(['a=1', 'b=2']);
  const [version, method, url, sent, got] = JSON.parse(body);
  expect([version, method, url, got]).toEqual(['1.1', 'POST', '/a%2Fb?c', 'body']);
  expect(sent).toMatchObject({ host: edge.host, cookie: 'x=1; y=3', 'x-forwarded-proto': 'https' });
});

it('many requests share a connection, and trailers come through', async () => {
  edge = await startEdge(
    (request, response) => {
      response.writeHead(200, { trailer: 'grpc-status' });
      response.write(request.url);
      response.addTrailers({ 'grpc-status': '0' });
      response.end();
    },
    { tls },
  );
  const all = await Promise.all(Array.from({ length: 50 }, (_, index) => ask({ ':path': `/${index}` })));
  expect(all.map(({ body }) => body)).toEqual(Array.from({ length: 50 }, (_, index) => `/${index}`));
  expect(all.every(({ trailers }) => trailers?.['grpc-status'] === '0')).toBe(true);
});

it('an answer that breaks off is a stream that is reset, and the others go on', async () => {
  const breakOff = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  edge = await startEdge(
    (request, response) => {
      response.write('half');
      if (request.url === '/breaks') void breakOff.promise.then(() => response.destroy());
      else void goOn.promise.then(() => response.end(' whole'));
    },
    { tls },
  );
  const whole = ask({ ':path': '/whole' });
  const stream = open().request({ ':authority': edge.host, ':path': '/breaks' });
  await once(stream, 'response');
  breakOff.resolve();
  stream.resume();
  const [fault] = await once(stream, 'error').catch((thrown: unknown) => [thrown]);
  expect(fault).toMatchObject({ code: 'ERR_HTTP2_STREAM_ERROR' });
  expect(stream.rstCode).toBe(constants.NGHTTP2_INTERNAL_ERROR);
  goOn.resolve();
  expect((await whole).body).toBe('half whole');
});

it('a client that goes away ends the work of the guest', async () => {
  const gone = Promise.withResolvers<void>();
  edge = await startEdge(
    (_request, response) => {
      response.write('x');
      response.once('close', gone.resolve);
    },
    { tls },
  );
  const stream = open().request({ ':authority': edge.host });
  stream.on('error', () => undefined);
  await once(stream, 'data');
  stream.close(constants.NGHTTP2_CANCEL);
  await gone.promise;
});

it('what cannot be reached is said as over HTTP/1.1', async () => {
  edge = await startEdge(() => undefined, { tls });
  const { headers, body } = await ask({ ':authority': `${edge.closedPort}-${capsuleId}.localhost` });
  expect(headers[':status']).toBe(502);
  expect(JSON.parse(body)).toMatchObject({ port: edge.closedPort, code: 502 });
});

it('an authority with another Host beside it is refused', async () => {
  edge = await startEdge((_request, response) => response.end('reached'), { tls });
  const { headers, body } = await ask({ host: 'other' });
  expect(headers[':status']).toBe(400);
  expect(body).not.toContain('reached');
});

it('a client of HTTP/1.1 and its WebSockets are served beside it', async () => {
  edge = await startEdge((_request, response) => response.end(), { tls });
  const server = new WebSocketServer({ server: edge.guest });
  server.on('connection', (socket) => socket.on('message', (data) => socket.send(data, { binary: false })));
  const socket = new WebSocket(`wss://${edge.address}/`, {
    headers: { host: edge.host },
    rejectUnauthorized: false,
  });
  await once(socket, 'open');
  socket.send('over TLS');
  const [data] = await once(socket, 'message');
  expect(String(data)).toBe('over TLS');
  const closed = once(socket, 'close');
  edge.passage.drop();
  expect((await closed)[0]).toBe(1006);
});

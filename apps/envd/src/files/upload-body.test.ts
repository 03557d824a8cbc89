import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { bodyFault, receiveBody } from './upload-body.ts';

/** What `receive` makes of a request whose body `send` writes. */
async function receiving<T>(
  receive: (request: IncomingMessage) => Promise<T>,
  send: (request: ReturnType<typeof httpRequest>) => void,
  headers: Record<string, string> = {},
): Promise<T> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const request = httpRequest({ port, host: '127.0.0.1', method: 'POST', headers });
  request.on('error', () => undefined);
  onTestFinished(() => {
    request.destroy();
    server.close();
  });
  const incoming = once(server, 'request');
  request.flushHeaders();
  const [received]: IncomingMessage[] = await incoming;
  if (received === undefined) throw new Error('no request came');
  const outcome = receive(received);
  send(request);
  return await outcome;
}
const whole = (request: IncomingMessage) =>
  buffer(receiveBody(request)).catch((thrown) => Promise.reject(bodyFault(thrown)));

test('a body is what was sent, unpacked when it was packed', async () => {
  const bytes = Buffer.alloc(300_000, 'abc');
  expect((await receiving(whole, (request) => request.end(bytes))).equals(bytes)).toBe(true);
  const packed = gzipSync(bytes);
  const headers = { 'content-encoding': 'gzip' };
  expect((await receiving(whole, (request) => request.end(packed), headers)).equals(bytes)).toBe(true);
});

test('a client that falls silent is late, and can still be told', async () => {
  const silent = (request: IncomingMessage) =>
    buffer(receiveBody(request, 50)).catch((thrown: unknown) => {
      expect(request.destroyed).toBe(false);
      throw bodyFault(thrown);
    });
  await expect(receiving(silent, (request) => request.write('x'))).rejects.toThrow(
    expect.objectContaining({ code: 'deadline_exceeded' }),
  );
});

test('a client that goes away cancels its upload', async () => {
  await expect(receiving(whole, (request) => request.write('x', () => request.destroy()))).rejects.toThrow(
    expect.objectContaining({ code: 'cancelled' }),
  );
});

test.each([
  ['is not gzip', Buffer.from('hello')],
  ['ends too early', gzipSync('hello').subarray(0, -1)],
])('what %s is refused', async (_what, bytes) => {
  const headers = { 'content-encoding': 'gzip' };
  await expect(receiving(whole, (request) => request.end(bytes), headers)).rejects.toThrow(
    expect.objectContaining({ code: 'invalid_request' }),
  );
});

test('another encoding is refused before anything is read', async () => {
  const read = async (request: IncomingMessage) => receiveBody(request);
  await expect(receiving(read, (request) => request.end('x'), { 'content-encoding': 'br' })).rejects.toThrow(
    expect.objectContaining({ code: 'invalid_request', field: 'content-encoding' }),
  );
});

import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { constants, type Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { passedTrailers } from './headers/trailers.ts';

/** A request as it came in, and what is written to answer it, over HTTP/1.1 or HTTP/2. */
export type IncomingRequest = IncomingMessage | Http2ServerRequest;
export type OutgoingAnswer = ServerResponse | Http2ServerResponse;

/**
 * For a request that has just come in: what breaks is heard of by the `close` that follows, and an error that nobody
 * listens to would end the process.
 */
export function expectFaults(request: IncomingRequest, response: OutgoingAnswer): void {
  request.on('error', ignore);
  response.on('error', ignore);
}

function ignore(): void {}

/** Whether the client has gone away, so that no `close` will come any more. */
export function isGone(response: OutgoingAnswer): boolean {
  // Its stream is taken from an answer of HTTP/2 when that has ended.
  return response instanceof Http2ServerResponse ? (response.stream?.destroyed ?? true) : response.destroyed;
}

/**
 * Begins the answer. `headers` is a flat list of names and values, in which a name may come more than once. Throws for what
 * cannot be said so; the answer is then as if this had not been called.
 */
export function writeHead(
  response: OutgoingAnswer,
  status: number,
  message: string,
  headers: string[],
): void {
  response.sendDate = false;
  try {
    if (response instanceof Http2ServerResponse) response.writeHead(status, joined(headers));
    else response.writeHead(status, message, writable(response, status, headers));
  } catch (thrown) {
    if (!response.headersSent) for (const name of response.getHeaderNames()) response.removeHeader(name);
    throw thrown;
  }
}

/** Without a `Trailer` where no trailers can follow: Node refuses to write it. */
function writable(response: ServerResponse, status: number, headers: string[]): string[] {
  if (!has(headers, 'trailer')) return headers;
  const hasBody = response.req.method !== 'HEAD' && status !== 204 && status !== 304;
  const isChunked = hasBody && response.useChunkedEncodingByDefault && !has(headers, 'content-length');
  return isChunked ? headers : pairs(headers).flatMap((pair) => (isNamed(pair[0], 'trailer') ? [] : pair));
}

function has(headers: readonly string[], name: string): boolean {
  return headers.some((each, index) => index % 2 === 0 && isNamed(each, name));
}

/** The length of most names says that they are another, without a copy in lower case. */
function isNamed(text: string, name: string): boolean {
  return text.length === name.length && text.toLowerCase() === name;
}

/** A whole answer of the proxy's own. */
export function answerWhole(
  response: OutgoingAnswer,
  status: number,
  headers: Readonly<Record<string, string>>,
  body = '',
): void {
  const whole: Record<string, string> = { ...headers, 'content-length': String(Buffer.byteLength(body)) };
  if (response instanceof Http2ServerResponse) {
    // It has no headers about the connection.
    const { connection: _connection, ...rest } = whole;
    response.writeHead(status, rest).end(body);
  } else {
    response.writeHead(status, STATUS_CODES[status] ?? '', whole).end(body);
  }
}

/** Whether the client takes more at once; otherwise a `drain` says when it does. */
export function writeBody(response: OutgoingAnswer, chunk: Buffer): boolean {
  return response instanceof Http2ServerResponse ? response.write(chunk) : response.write(chunk);
}

/** Those that may come behind a body; none where the client's protocol has no place for them. */
export function writeTrailers(response: OutgoingAnswer, rawTrailers: readonly string[]): void {
  const trailers = passedTrailers(rawTrailers);
  if (trailers.length === 0) return;
  if (response instanceof Http2ServerResponse) response.addTrailers(Object.fromEntries(trailers));
  else if (response.chunkedEncoding) response.addTrailers(trailers);
}

function pairs(raw: readonly string[]): [string, string][] {
  return Array.from({ length: raw.length >> 1 }, (_, index) => [
    raw[index * 2] ?? '',
    raw[index * 2 + 1] ?? '',
  ]);
}

/** HTTP/2 writes names in lower case, and would keep the last of several alone. */
function joined(raw: readonly string[]): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = Object.create(null);
  for (const [name, value] of pairs(raw)) {
    const key = name.toLowerCase();
    const before = headers[key];
    headers[key] = before === undefined ? value : [before, value].flat();
  }
  return headers;
}

/** What has moved on the client's connection so far; over HTTP/2 it is that of all its requests. */
export function bytesMoved({ socket }: IncomingRequest): number {
  return socket.bytesRead + socket.bytesWritten;
}

/** Ends an answer by a reset: a clean end would look, to a client that knows no length, as if it were whole. */
export function reset(response: OutgoingAnswer): void {
  if (response instanceof Http2ServerResponse) response.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  else if (response.socket === null) response.destroy();
  else resetSocket(response.socket);
}

/** A connection with TLS cannot be reset as such; without the word that ends it, it counts as broken off. */
export function resetSocket(socket: Duplex): void {
  if (socket instanceof Socket && !(socket instanceof TLSSocket)) socket.resetAndDestroy();
  else socket.destroy();
}

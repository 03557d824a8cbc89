import type { IncomingMessage } from 'node:http';
import { Http2ServerRequest } from 'node:http2';
import { WrennError } from '@wrenn/core';
import { endToEndIn } from './hop-by-hop.ts';

/** What of a request's head decides where and how it is passed on. All else is passed on as it is. */
export interface RequestHead {
  /** As the client sent it; empty for one of HTTP/1.0 that sent none. */
  readonly host: string;
  /** Path and query, in the bytes that the client sent. */
  readonly path: string;
  readonly body: 'none' | 'sized' | 'chunked';
}

const absoluteForm = /^https?:\/\/([^/?#]*)/i;

/**
 * Checks what two servers in a row could read in two ways, and throws `invalid_request` for it. Node's parser has refused
 * by then: both lengths at once, two lengths, folded headers, spaces in names, malformed chunks. What it lets pass, and
 * must not: two `Host`, a transfer coding other than `chunked` alone, another authority in the request line, a `Connection`
 * that takes away what the next server would read the request by.
 */
export function readHead(request: IncomingMessage | Http2ServerRequest): RequestHead {
  if (request instanceof Http2ServerRequest) return readHttp2Head(request);
  const { rawHeaders } = request;
  let host: string | undefined;
  let body: RequestHead['body'] = 'none';
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    // Most names are none of these: their length says so without a copy in lower case.
    if (name.length === 4 && name.toLowerCase() === 'host') {
      if (host !== undefined) throw refused('Host', 'there are two of them');
      host = rawHeaders[index + 1] ?? '';
    } else if (name.length === 14 && name.toLowerCase() === 'content-length') {
      if (rawHeaders[index + 1] !== '0') body = 'sized';
    } else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') {
      if (body !== 'none' || rawHeaders[index + 1]?.toLowerCase() !== 'chunked')
        throw refused('Transfer-Encoding', 'only chunked is taken');
      body = 'chunked';
    } else if (name.length === 10 && name.toLowerCase() === 'connection') {
      const taken = endToEndIn(rawHeaders[index + 1] ?? '');
      if (taken !== undefined) throw refused('Connection', `${taken} is not only for the connection`);
    }
  }
  return { host: host ?? '', path: originForm(request.url ?? '/', host ?? ''), body };
}

/** HTTP/2 has a frame for each length, and names the authority once: a `Host` beside it must be the same. */
function readHttp2Head(request: Http2ServerRequest): RequestHead {
  const { authority, headers, stream } = request;
  const host = authority === '' ? (headers.host ?? '') : authority;
  if (headers.host !== undefined && headers.host.toLowerCase() !== host.toLowerCase())
    throw refused('Host', 'it is not the authority');
  const sized = headers['content-length'] === undefined ? 'chunked' : 'sized';
  return { host, path: originForm(request.url, host), body: stream.endAfterHeaders ? 'none' : sized };
}

function originForm(target: string, host: string): string {
  if (target.startsWith('/')) return target;
  const match = absoluteForm.exec(target);
  if (match === null) {
    if (target === '*') return target;
    throw refused('the request line', 'it names no path');
  }
  if (match[1]?.toLowerCase() !== host.toLowerCase())
    throw refused('Host', 'the request line names another one');
  const rest = target.slice(match[0].length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}

function refused(field: string, why: string): WrennError {
  return new WrennError('invalid_request', `${field}: ${why}`, { field: field.toLowerCase() });
}

import { lookup } from 'node:dns';
import { type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { WrennError } from '@wrenn/core';
import type { AddressGuard } from './address-guard.ts';
import { unreachable } from './unreachable.ts';

export interface GuardedRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/**
 * Sends a request where a user wants it, and returns the answer as soon as it begins; `signal` ends its body too. The name
 * is looked up once; the connection goes to the address that was checked, so that no second answer of a resolver can lead
 * elsewhere. Redirects are not followed: they are answers like any other. Throws `forbidden` for an address that the guard
 * refuses, and `host_unavailable` for a receiver that cannot be reached.
 */
export async function openGuarded(
  guard: AddressGuard,
  { method, url, headers, body }: GuardedRequest,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  signal.throwIfAborted();
  const host = url.hostname.replace(/^\[|\]$/g, '');
  // Of an address nothing is looked up, so it is checked here.
  if (isIP(host) !== 0 && !guard.allows(host)) throw guard.refusal(host);
  const options: RequestOptions = {
    method,
    headers: {
      ...headers,
      ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
      'user-agent': 'wrenn',
    },
    lookup: guardedLookup(guard),
    agent: false,
    signal,
  };
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const send = url.protocol === 'https:' ? requestHttps : requestHttp;
  send(url, options, resolve).on('error', reject).end(body);
  try {
    return await promise;
  } catch (thrown) {
    if (thrown instanceof WrennError) throw thrown;
    signal.throwIfAborted();
    throw unreachable(url.host, thrown);
  }
}

/** The resolver of the machine, of whose answer only allowed addresses count. */
function guardedLookup(guard: AddressGuard): LookupFunction {
  return (hostname, options, done) => {
    lookup(hostname, { ...options, all: true }, (fault, addresses) => {
      if (fault !== null) return done(fault, '');
      const allowed = addresses.filter(({ address }) => guard.allows(address));
      const [first] = allowed;
      if (first === undefined) done(guard.refusal(hostname), '');
      else if (options.all === true) done(null, allowed);
      else done(null, first.address, first.family);
    });
  };
}

import { lookup } from 'node:dns';
import { type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { WrennError } from '@wrenn/core';
import type { AddressGuard } from './address-guard.ts';

export interface OutgoingRequest {
  readonly method: 'POST' | 'PUT';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Of an answer only so much is read: nobody looks at the rest. */
const mostAnswerBytes = 64 * 1024;

/**
 * Sends a request where a user wants it, and returns the status of the answer. Its name is looked up once; the
 * connection goes to the address that was checked, so that no second answer of a resolver can lead elsewhere. Redirects
 * are not followed: they are answers like any other. Throws `forbidden` for an address that the guard refuses, and
 * `host_unavailable` for a receiver that cannot be reached.
 */
export async function sendGuarded(
  guard: AddressGuard,
  { method, url, headers, body }: OutgoingRequest,
  signal: AbortSignal,
): Promise<number> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  // Of an address nothing is looked up, so it is checked here.
  if (isIP(host) !== 0 && !guard.allows(host)) throw refused(host);
  const options: RequestOptions = {
    method,
    headers: {
      ...headers,
      'content-length': String(Buffer.byteLength(body)),
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
    const answer = await promise;
    await drain(answer);
    return answer.statusCode ?? 0;
  } catch (thrown) {
    if (thrown instanceof WrennError) throw thrown;
    signal.throwIfAborted();
    throw new WrennError('host_unavailable', `${url.host} could not be reached`, { cause: thrown });
  }
}

async function drain(answer: IncomingMessage): Promise<void> {
  let left = mostAnswerBytes;
  for await (const chunk of answer) {
    left -= (chunk as Buffer).length;
    if (left < 0) break;
  }
}

/** The resolver of the machine, whose first allowed address counts. */
function guardedLookup(guard: AddressGuard): LookupFunction {
  return (hostname, options, done) => {
    lookup(hostname, { ...options, all: true }, (fault, addresses) => {
      if (fault !== null) return done(fault, '');
      const allowed = addresses.filter(({ address }) => guard.allows(address));
      const [first] = allowed;
      if (first === undefined) done(refused(hostname), '');
      else if (options.all === true) done(null, allowed);
      else done(null, first.address, first.family);
    });
  };
}

function refused(host: string): WrennError {
  return new WrennError('forbidden', `${host} is not an address of the internet`, {
    remedy: 'use a public address; an operator can allow private ones with WRENN_CHANNEL_PRIVATE_TARGETS',
  });
}

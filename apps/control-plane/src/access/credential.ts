import type { IncomingMessage } from 'node:http';
import { WrennError } from '@wrenn/core';
import type { ControlPlaneConfig } from '../config.ts';

/** A credential that a request shows, whatever it is worth. */
export interface Credential {
  readonly text: string;
  readonly from: 'key header' | 'bearer' | 'cookie';
}

/** Of the session of a browser; with the prefix that binds it to this host where there is TLS. */
export function cookieName(config: Pick<ControlPlaneConfig, 'publicUrl'>): string {
  return config.publicUrl.protocol === 'https:' ? '__Host-wrenn_session' : 'wrenn_session';
}

const reading = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * The key goes first, then a Bearer token, then the cookie of a browser. A cookie comes along with every request, also
 * with those that another site makes: what changes something, or opens a socket, must come from a page of our own.
 */
export function presentedCredential(
  request: IncomingMessage,
  config: Pick<ControlPlaneConfig, 'publicUrl'>,
): Credential | undefined {
  const { headers } = request;
  const key = headers['x-api-key'];
  if (typeof key === 'string') return { text: key, from: 'key header' };
  const bearer = /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1];
  if (bearer !== undefined) return { text: bearer, from: 'bearer' };
  const cookie = cookieValue(headers.cookie, cookieName(config));
  if (cookie === undefined) return undefined;
  const isSafe = reading.has(request.method ?? '') && headers.upgrade === undefined;
  if (!isSafe && !isOwnPage(request, config)) {
    throw new WrennError('forbidden', 'the request was made by a page of another site', {
      remedy: 'call the API from its own origin, or with a Bearer token',
    });
  }
  return { text: cookie, from: 'cookie' };
}

function isOwnPage(
  { headers }: IncomingMessage,
  { publicUrl }: Pick<ControlPlaneConfig, 'publicUrl'>,
): boolean {
  const { origin } = headers;
  if (origin === undefined) return headers['sec-fetch-site'] === 'same-origin';
  if (origin === publicUrl.origin) return true;
  // Where it is reached by another name than its public one, as in `localhost` for `127.0.0.1`.
  return URL.canParse(origin) && new URL(origin).host === headers.host;
}

/** The first one of that name. */
export function cookieValue(header: string | undefined, name: string): string | undefined {
  for (const pair of (header ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
}

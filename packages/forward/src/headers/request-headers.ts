import { withoutAccess, withoutAccessProtocol } from './access.ts';
import { isOfClient, isOfPlatform } from './client-facts.ts';
import { withoutPlatformCookies } from './cookies.ts';
import { hopByHop } from './hop-by-hop.ts';
import type { RequestHead } from './request-head.ts';

/** What the capsule is told of the client, in place of what the client says of itself. */
export interface Told {
  /** The `Host` that the guest gets, the same for plain requests and upgrades. */
  readonly host: string;
  readonly clientAddress: string;
  /** As the client sent it. */
  readonly forwardedHost: string;
  readonly forwardedProto: string;
  /** Where the port's root is seen from outside; empty where it is the root there too. */
  readonly forwardedPrefix: string;
}

export interface PassedOn {
  /** A guest gets nothing of the platform's; the platform's own servers get all. */
  readonly to: 'guest' | 'platform';
  readonly told: Told;
  /** What the connection is to become, if anything. */
  readonly upgrade: string | undefined;
}

/** The headers as they are passed on, in the client's order and spelling, as a flat list of names and values. */
export function requestHeaders(
  rawHeaders: readonly string[],
  { body, host: clientHost }: Pick<RequestHead, 'body' | 'host'>,
  { to, told, upgrade }: PassedOn,
): string[] {
  const isOfConnection = hopByHop(rawHeaders);
  const headers = ['Host', told.host];
  let cookieAt = 0;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    const value = rawHeaders[index + 1] ?? '';
    const key = name.toLowerCase();
    // What HTTP/2 says in the place of a request line.
    if (isOfClient(key) || key.startsWith(':')) continue;
    if (to === 'guest' && isOfPlatform(key)) continue;
    // Only chunks can have trailers behind them.
    if (key === 'trailer' && body !== 'chunked') continue;
    if (isOfConnection(key)) {
      // The one word of it that is about the message: the client reads trailers.
      if (key === 'te' && /\btrailers\b/i.test(value)) headers.push(name, 'trailers');
      continue;
    }
    const kept = to === 'guest' ? keptValue(key, value, clientHost, told.host) : value;
    if (kept === undefined) continue;
    // HTTP/2 may send each cookie by itself; HTTP/1.1 knows one header of them (RFC 9113, 8.2.3).
    if (key === 'cookie' && cookieAt > 0) headers[cookieAt] += `; ${kept}`;
    else headers.push(name, kept);
    if (key === 'cookie' && cookieAt === 0) cookieAt = headers.length - 1;
  }
  if (body === 'chunked') headers.push('Transfer-Encoding', 'chunked');
  if (upgrade !== undefined) headers.push('Connection', 'Upgrade', 'Upgrade', upgrade);
  headers.push('X-Forwarded-For', told.clientAddress, 'X-Forwarded-Proto', told.forwardedProto);
  if (told.forwardedHost !== '') headers.push('X-Forwarded-Host', told.forwardedHost);
  if (told.forwardedPrefix !== '') headers.push('X-Forwarded-Prefix', told.forwardedPrefix);
  return headers;
}

function keptValue(key: string, value: string, clientHost: string, guestHost: string): string | undefined {
  switch (key) {
    case 'cookie':
      return withoutPlatformCookies(value);
    case 'sec-websocket-protocol':
      return withoutAccessProtocol(value);
    case 'referer':
      return withoutAccess(value);
    case 'origin':
      // A server that compares the two must find them the same when the client sent them so.
      return clientHost !== guestHost && value.replace(/^https?:\/\//i, '') === clientHost
        ? `http://${guestHost}`
        : value;
    default:
      return value;
  }
}

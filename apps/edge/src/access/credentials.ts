import type { IncomingHttpHeaders } from 'node:http';
import { accessProtocol, cookieIn } from '@wrenn/forward';
import type { Target } from '../addressing/target.ts';

export const accessCookie = 'wrenn_access';
const accessParameter = 'wrenn_access';

/** What was sent as a credential, and where. */
export interface Presented {
  readonly credential: string;
  readonly in: 'header' | 'protocol' | 'query' | 'cookie';
}

/**
 * The credential of a request; that in a header goes before the others. Cookies count at a name of the capsule's own
 * alone: by the path form all capsules share one name, and the page of one could send another's.
 */
export function presentedAccess(headers: IncomingHttpHeaders, { form, path }: Target): Presented | undefined {
  const header = single(headers['x-wrenn-access']) ?? single(headers['e2b-traffic-access-token']);
  if (header !== undefined) return { credential: header, in: 'header' };
  const inProtocol = protocolIn(headers['sec-websocket-protocol']);
  if (inProtocol !== undefined) return { credential: inProtocol, in: 'protocol' };
  const inQuery = path.includes(accessParameter) ? splitQuery(path).credential : undefined;
  if (inQuery !== undefined) return { credential: inQuery, in: 'query' };
  const inCookie = form === 'host' ? cookieIn(headers.cookie, accessCookie) : undefined;
  return inCookie === undefined ? undefined : { credential: inCookie, in: 'cookie' };
}

/** The path without the credential in its query, every other byte as it was. */
export function withoutAccess(path: string): string {
  return path.includes(accessParameter) ? splitQuery(path).rest : path;
}

function splitQuery(path: string): { credential: string | undefined; rest: string } {
  const start = path.indexOf('?');
  if (start < 0) return { credential: undefined, rest: path };
  const pairs = path.slice(start + 1).split('&');
  const prefix = `${accessParameter}=`;
  const kept = pairs.filter((pair) => !pair.startsWith(prefix));
  const credential = pairs.find((pair) => pair.startsWith(prefix))?.slice(prefix.length);
  return { credential, rest: path.slice(0, start) + (kept.length === 0 ? '' : `?${kept.join('&')}`) };
}

function protocolIn(header: string | undefined): string | undefined {
  for (const protocol of header?.split(',') ?? []) {
    const name = protocol.trim();
    if (name.startsWith(accessProtocol)) return name.slice(accessProtocol.length);
  }
  return undefined;
}

function single(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' && header !== '' ? header : undefined;
}

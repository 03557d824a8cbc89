import type { IncomingHttpHeaders } from 'node:http';
import { accessInProtocols, accessInQuery, cookieIn } from '@wrenn/forward';

export const accessCookie = 'wrenn_access';

/** What was sent as a credential, and where. */
export interface Presented {
  readonly credential: string;
  readonly in: 'header' | 'protocol' | 'query' | 'cookie';
}

/** The credential of a request; that in a header goes before the others. `cookie` is what counts of its cookies. */
export function presentedAccess(
  headers: IncomingHttpHeaders,
  path: string,
  cookie: string | undefined,
): Presented | undefined {
  const header = single(headers['x-wrenn-access']) ?? single(headers['e2b-traffic-access-token']);
  if (header !== undefined) return { credential: header, in: 'header' };
  const inProtocol = accessInProtocols(headers['sec-websocket-protocol']);
  if (inProtocol !== undefined) return { credential: inProtocol, in: 'protocol' };
  const inQuery = accessInQuery(path);
  if (inQuery !== undefined) return { credential: inQuery, in: 'query' };
  const inCookie = cookieIn(cookie, accessCookie);
  return inCookie === undefined ? undefined : { credential: inCookie, in: 'cookie' };
}

function single(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' && header !== '' ? header : undefined;
}

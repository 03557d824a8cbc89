import { ownCookie } from './cookies.ts';
import { hopByHop } from './hop-by-hop.ts';
import { type OutsideView, outsideLocation, outsideRefresh } from './links.ts';

/** What would speak for all that a browser keeps below the registrable domain, which is not the capsule's alone. */
const wide = new Set(['clear-site-data']);

/** Where all capsules share an origin: what a browser keeps or does for the origin, and not for the page. */
const ofOrigin = new Set([
  'alt-svc',
  'clear-site-data',
  'nel',
  'report-to',
  'reporting-endpoints',
  'service-worker-allowed',
  'strict-transport-security',
]);

/** The headers of a capsule's answer for the client, in its order and spelling, as a flat list of names and values. */
export function answerHeaders(rawHeaders: readonly string[], view: OutsideView): string[] {
  const isOfConnection = hopByHop(rawHeaders);
  const tooWide = view.pathPrefix === '' ? wide : ofOrigin;
  const headers: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    const key = name.toLowerCase();
    if (isOfConnection(key) || tooWide.has(key)) continue;
    const value = outsideValue(key, rawHeaders[index + 1] ?? '', view);
    if (value !== undefined) headers.push(name, value);
  }
  return headers;
}

/** The same for one who passes it on untouched; `except` are left out too, in lower case. */
export function sameHeaders(rawHeaders: readonly string[], except: readonly string[]): string[] {
  const isOfConnection = hopByHop(rawHeaders);
  const headers: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    const key = name.toLowerCase();
    if (!isOfConnection(key) && !except.includes(key)) headers.push(name, rawHeaders[index + 1] ?? '');
  }
  return headers;
}

function outsideValue(key: string, value: string, view: OutsideView): string | undefined {
  switch (key) {
    case 'location':
      return outsideLocation(value, view);
    case 'refresh':
      return outsideRefresh(value, view);
    case 'set-cookie':
      return ownCookie(value, view.pathPrefix);
    default:
      return value;
  }
}

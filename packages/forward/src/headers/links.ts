/** How a capsule's own addresses look from outside. */
export interface OutsideView {
  /** Whether an authority (`host:port`, in lower case) is one by which the capsule names itself. */
  readonly isOwn: (authority: string) => boolean;
  /** What stands before its paths outside: empty, or `/proxy/ID/PORT`. */
  readonly pathPrefix: string;
}

const absolute = /^https?:\/\/([^/?#]*)(.*)$/is;
/** To a browser a backslash is a slash, and a tab is nothing. */
const otherHost = /^\/\t*[/\\]/;

/**
 * A `Location` as the client can follow it: an address on the capsule itself becomes a path at the place where the client
 * sees it. Joined as text, so that what is encoded stays so and a slash at the end is kept.
 */
export function outsideLocation(location: string, { isOwn, pathPrefix }: OutsideView): string {
  const match = absolute.exec(location);
  if (match !== null) {
    const [, authority = '', rest = ''] = match;
    if (!isOwn(authority.toLowerCase())) return location;
    return below(pathPrefix, rest.startsWith('/') ? rest : `/${rest}`);
  }
  // `//host/path` is an address on another host; what has no slash is relative, and fits as it is.
  if (!location.startsWith('/') || otherHost.test(location)) return location;
  return below(pathPrefix, location);
}

/** A capsule that knows its prefix from `X-Forwarded-Prefix` may have set it itself. */
function below(pathPrefix: string, path: string): string {
  const isBelow = path === pathPrefix || path.startsWith(`${pathPrefix}/`);
  return sameHost(pathPrefix === '' || isBelow ? path : `${pathPrefix}${path}`);
}

/** A path as an address on the same host: one that begins with two slashes would name another, and behind `/.` does not. */
export function sameHost(path: string): string {
  return otherHost.test(path) ? `/.${path}` : path;
}

/** The same for the address in a `Refresh`: seconds, `;`, perhaps `url=`, and the address, perhaps in quotes. */
export function outsideRefresh(header: string, view: OutsideView): string {
  const start = addressAt(header);
  if (start === undefined) return header;
  const quote = header[start] === '"' || header[start] === "'" ? header[start] : '';
  const from = start + quote.length;
  const closed = quote === '' ? -1 : header.indexOf(quote, from);
  const to = closed < 0 ? header.trimEnd().length : closed;
  if (to <= from) return header;
  return `${header.slice(0, from)}${outsideLocation(header.slice(from, to), view)}${header.slice(to)}`;
}

const seconds = /^\s*\d[\d.]*/;
const space = /\s*/y;

/** Where the address begins. Each step goes on where the one before ended: a long header takes no longer than it is. */
function addressAt(header: string): number | undefined {
  const delay = seconds.exec(header)?.[0].length;
  if (delay === undefined) return undefined;
  const mark = pastSpace(header, delay);
  const isMarked = header[mark] === ';' || header[mark] === ',';
  if (!isMarked && mark === delay) return undefined;
  const start = isMarked ? pastSpace(header, mark + 1) : mark;
  if (header.slice(start, start + 3).toLowerCase() !== 'url') return start;
  const equals = pastSpace(header, start + 3);
  return header[equals] === '=' ? pastSpace(header, equals + 1) : start;
}

function pastSpace(text: string, from: number): number {
  space.lastIndex = from;
  space.test(text);
  return space.lastIndex;
}

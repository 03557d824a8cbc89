/** How a capsule's own addresses look from outside. */
export interface OutsideView {
  /** Whether an authority (`host:port`, in lower case) is one by which the capsule names itself. */
  readonly isOwn: (authority: string) => boolean;
  /** What stands before its paths outside: empty, or `/proxy/ID/PORT`. */
  readonly pathPrefix: string;
}

const absolute = /^https?:\/\/([^/?#]*)(.*)$/is;
const refresh = /^(\s*\d+(?:\.\d*)?\s*[;,]\s*(?:url\s*=\s*)?)(["']?)(.*?)(["']?\s*)$/is;

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
  if (!location.startsWith('/') || location.startsWith('//')) return location;
  return below(pathPrefix, location);
}

/** A capsule that knows its prefix from `X-Forwarded-Prefix` may have set it itself. */
function below(pathPrefix: string, path: string): string {
  return path === pathPrefix || path.startsWith(`${pathPrefix}/`) ? path : `${pathPrefix}${path}`;
}

/** The same for the address in a `Refresh`. */
export function outsideRefresh(header: string, view: OutsideView): string {
  const match = refresh.exec(header);
  if (match === null) return header;
  const [, before = '', open = '', target = '', close = ''] = match;
  return `${before}${open}${outsideLocation(target, view)}${close}`;
}

/** Names of cookies that are the platform's: no capsule sees one, and none can set one. */
const platformName = /^(?:__(?:Host|Secure)-)?wrenn[_-]/i;

/** A `Cookie` without the platform's; undefined when nothing is left. */
export function withoutPlatformCookies(header: string): string | undefined {
  if (!/wrenn/i.test(header)) return header;
  const kept = header.split(';').filter((pair) => !platformName.test(pair.trim()));
  return kept.length === 0 ? undefined : kept.join(';').trim();
}

/** The value of the first cookie of that name in a `Cookie`. */
export function cookieIn(header: string | undefined, name: string): string | undefined {
  for (const pair of header?.split(';') ?? []) {
    const [key = '', ...value] = pair.split('=');
    if (key.trim() === name) return value.join('=').trim();
  }
  return undefined;
}

/**
 * A `Set-Cookie` of a capsule, as the browser may have it: for its own host alone, and below the path at which it is
 * served. Undefined for one with a name of the platform's.
 */
export function ownCookie(header: string, pathPrefix: string): string | undefined {
  const [pair = '', ...attributes] = header.split(';');
  if (platformName.test(pair.trim())) return undefined;
  const kept = attributes.flatMap((attribute) => {
    const [name = '', ...value] = attribute.split('=');
    const key = name.trim().toLowerCase();
    if (key === 'domain') return [];
    if (key !== 'path' || pathPrefix === '') return [attribute];
    const path = value.join('=').trim();
    return [` Path=${pathPrefix}${path.startsWith('/') ? path : '/'}`];
  });
  return [pair, ...kept].join(';');
}

/** What is needed of an address; that of SvelteKit's page cannot be changed, and a `URL` is one too. */
interface PageUrl extends Pick<URL, 'pathname' | 'search'> {
  readonly searchParams: Pick<URLSearchParams, 'get'>;
}

const home = '/dashboard';
/** Of any origin: only what comes after it counts. */
const base = 'https://wrenn.invalid';
const places = /^\/(dashboard|admin|invitation)(\/|$)/;

/** Where a link led before somebody had to sign in; only to pages of our own. */
export function nextPage(url: PageUrl): string {
  return ownPage(url.searchParams.get('next') ?? '');
}

/** The path if it is one of a page that takes a sign-in, else that of the first page. */
export function ownPage(path: string): string {
  if (!path.startsWith('/') || !URL.canParse(path, base)) return home;
  const { origin, pathname, search, hash } = new URL(path, base);
  return origin === base && places.test(pathname) ? `${pathname}${search}${hash}` : home;
}

/** The page of the sign-in that leads back to `url`. */
export function signInPage(url: PageUrl): string {
  return `/login?next=${encodeURIComponent(`${url.pathname}${url.search}`)}`;
}

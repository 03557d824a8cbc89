/** What is needed of an address; that of SvelteKit's page cannot be changed, and a `URL` is one too. */
interface PageUrl extends Pick<URL, 'origin' | 'pathname' | 'search'> {
  readonly searchParams: Pick<URLSearchParams, 'get'>;
}

/** Where a link led before somebody had to sign in; only to pages of our own. */
export function nextPage(url: PageUrl): string {
  const next = url.searchParams.get('next') ?? '';
  const isOwn = /^\/(?![/\\])/.test(next) && new URL(next, url.origin).origin === url.origin;
  return isOwn && !next.startsWith('/login') ? next : '/dashboard';
}

/** The page of the sign-in that leads back to `url`. */
export function signInPage(url: PageUrl): string {
  return `/login?next=${encodeURIComponent(`${url.pathname}${url.search}`)}`;
}

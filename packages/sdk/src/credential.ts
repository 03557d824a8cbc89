/**
 * How a client shows who it acts for: a key, or the token of a session, which it sends itself; or the cookie of a page that
 * Wrenn itself has served, which the browser sends.
 */
export type Credential = { readonly kind: 'key'; readonly key: string } | { readonly kind: 'cookie' };

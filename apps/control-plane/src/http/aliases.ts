/** `/v1/sandboxes/…` is another name of `/v1/capsules/…`, for every route that is there or will be. */
export function canonicalUrl(url: string): string {
  return url.replace(/^\/v1\/sandboxes(?=[/?]|$)/, '/v1/capsules');
}

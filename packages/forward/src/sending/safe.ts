/** Methods that change nothing: a request with one of them may be sent twice. */
const safe = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

export function isSafe(method = 'GET'): boolean {
  return safe.has(method);
}

/** Headers that are about one connection, and not about what is said on it (RFC 9110, 7.6.1). */
const always = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/** Tests names in lower case; `rawHeaders` may name more in its `Connection`. */
export function hopByHop(rawHeaders: readonly string[]): (name: string) => boolean {
  let named: Set<string> | undefined;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.length !== 10 || rawHeaders[index]?.toLowerCase() !== 'connection') continue;
    for (const token of (rawHeaders[index + 1] ?? '').toLowerCase().split(',')) {
      const name = token.trim();
      if (name === 'keep-alive' || name === 'close' || name === 'upgrade' || name === '') continue;
      named ??= new Set();
      named.add(name);
    }
  }
  if (named === undefined) return (name) => always.has(name);
  const others = named;
  return (name) => always.has(name) || others.has(name);
}

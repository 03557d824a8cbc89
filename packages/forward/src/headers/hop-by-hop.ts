import { isOfClient, isOfPlatform } from './client-facts.ts';

/** Headers that are about one connection, and not about what is said on it (RFC 9110, 7.6.1). */
const always = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/** What says where a message ends, whom it is for and who sends it: no `Connection` can take it away. */
const endToEnd = new Set([
  'authorization',
  'content-encoding',
  'content-length',
  'content-type',
  'cookie',
  'expect',
  'host',
  'origin',
  'set-cookie',
  'transfer-encoding',
]);

/** Tests names in lower case; `rawHeaders` may name more in its `Connection`. */
export function hopByHop(rawHeaders: readonly string[]): (name: string) => boolean {
  let named: Set<string> | undefined;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.length !== 10 || rawHeaders[index]?.toLowerCase() !== 'connection') continue;
    for (const name of optionsIn(rawHeaders[index + 1] ?? '')) {
      if (name === 'keep-alive' || name === 'close' || name === 'upgrade' || isEndToEnd(name)) continue;
      named ??= new Set();
      named.add(name);
    }
  }
  if (named === undefined) return isAboutConnection;
  const others = named;
  return (name) => always.has(name) || others.has(name);
}

/** Whatever a `Connection` says. */
export function isAboutConnection(name: string): boolean {
  return always.has(name);
}

/**
 * The first name in a `Connection` that is not one connection's business; undefined when there is none. A request that
 * names its own length there would arrive without one, and its body would be heard as the next request.
 */
export function endToEndIn(connection: string): string | undefined {
  return optionsIn(connection).find(isEndToEnd);
}

function optionsIn(connection: string): string[] {
  return connection
    .toLowerCase()
    .split(',')
    .map((option) => option.trim())
    .filter((option) => option !== '');
}

function isEndToEnd(name: string): boolean {
  return endToEnd.has(name) || /^(?:sec|x-forwarded)-/.test(name) || isOfClient(name) || isOfPlatform(name);
}

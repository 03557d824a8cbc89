import { isOfClient, isOfPlatform } from './client-facts.ts';
import { isAboutConnection } from './hop-by-hop.ts';

/**
 * What has its meaning before a message is read, and is not taken from behind it (RFC 9110, 6.5.1): its frame, whom it is
 * for, who sends it, how it is to be read and where it leads.
 */
const ofHead = new Set([
  'authorization',
  'cache-control',
  'cookie',
  'expect',
  'location',
  'max-forwards',
  'origin',
  'range',
  'refresh',
  'set-cookie',
  'trailer',
  'vary',
  'www-authenticate',
]);

/**
 * The trailers of a message that are passed on, in their order, as pairs; of several with one name one, since HTTP/2 has
 * names that it takes once only.
 */
export function passedTrailers(rawTrailers: readonly string[]): [string, string][] {
  const passed = new Map<string, [string, string]>();
  for (let index = 0; index + 1 < rawTrailers.length; index += 2) {
    const name = rawTrailers[index] ?? '';
    const value = rawTrailers[index + 1] ?? '';
    const key = name.toLowerCase();
    if (!mayTrail(key)) continue;
    const before = passed.get(key);
    if (before === undefined) passed.set(key, [name, value]);
    else before[1] += `, ${value}`;
  }
  return [...passed.values()];
}

function mayTrail(key: string): boolean {
  if (isAboutConnection(key) || isOfClient(key) || isOfPlatform(key)) return false;
  return !ofHead.has(key) && !/^(?::|content-|if-|sec-|x-forwarded-|access-control-)/.test(key);
}

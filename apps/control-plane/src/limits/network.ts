import { isIPv6 } from 'node:net';

/**
 * Whoever has an IPv6 address has a /64 of them: all of it counts as one. An IPv4 address counts by itself, however it
 * is written.
 */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [plain = ''] = address.split('%');
  if (!isIPv6(plain)) return address;
  return `${groupsOf(plain).slice(0, 4).join(':')}::/64`;
}

/** The eight groups of an address, without leading zeros. */
function groupsOf(address: string): string[] {
  // The form with an IPv4 address at its end has two groups there.
  const [head = '', tail] = address.replace(/\d+\.\d+\.\d+\.\d+$/, '0:0').split('::');
  const [before, after] = [split(head), split(tail ?? '')];
  const missing = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...missing, ...after].map((group) => Number.parseInt(group, 16).toString(16));
}

function split(groups: string): string[] {
  return groups === '' ? [] : groups.split(':');
}

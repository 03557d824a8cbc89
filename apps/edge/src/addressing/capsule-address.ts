import { isIP } from 'node:net';
import { type CapsuleId, parseId, WrennError } from '@wrenn/core';

/** The capsule, and the port in it, that a request is meant for. */
export interface CapsuleAddress {
  readonly capsuleId: CapsuleId;
  readonly port: number;
}

/** The parts of a request that say where it is meant to go; each may be absent or nonsense. */
export interface RequestTarget {
  readonly host: string | undefined;
  readonly sandboxId: string | undefined;
  readonly sandboxPort: string | undefined;
}

/** A DNS label has 63 characters at most, and a name 253; a port may follow. */
const longestHost = 260;
const label = /^(\d{1,5})-([a-z0-9-]{1,57})$/;

/**
 * Where a request goes, as E2B's proxy reads it: behind an IP address, `localhost` or `sandbox.DOMAIN`, by the two
 * headers; behind any other name by its first label, `PORT-CAPSULE`. Undefined when it is meant for no capsule;
 * throws `invalid_request` when it is meant for one and says so wrongly.
 */
export function capsuleAddressOf({
  host,
  sandboxId,
  sandboxPort,
}: RequestTarget): CapsuleAddress | undefined {
  const known = host === undefined ? undefined : named.get(host);
  if (known !== undefined) return known;
  if (host === undefined || host.length > longestHost || isSharedHost(nameOf(host))) {
    return fromHeaders(sandboxId, sandboxPort);
  }
  const [first = '', ...domain] = nameOf(host).split('.');
  const match = label.exec(first);
  const [, port, id] = match ?? [];
  if (domain.length === 0 || port === undefined || id === undefined) return undefined;
  const address = { capsuleId: parseId('capsule', id, 'host'), port: parsePort(port, 'host') };
  if (named.size >= mostNamed) named.clear();
  named.set(host, address);
  return address;
}

/** Reading an ID costs as much as a dozen headers, and the next request is most often for the same name. */
const named = new Map<string, CapsuleAddress>();
const mostNamed = 4096;

/** Without the port, in lower case, without the dot that ends a complete name; an IPv6 address keeps its brackets. */
function nameOf(host: string): string {
  const end = host.startsWith('[') ? host.indexOf(']') + 1 : host.lastIndexOf(':');
  return (end <= 0 ? host : host.slice(0, end)).toLowerCase().replace(/\.$/, '');
}

/** Whether the name is one that no page but those below it is at: an address, `localhost`, or a name without a domain. */
export function isBareHost(host: string): boolean {
  const name = nameOf(host);
  return isAddress(name) || !name.includes('.');
}

function isSharedHost(name: string): boolean {
  return isAddress(name) || name.startsWith('sandbox.');
}

function isAddress(name: string): boolean {
  return name === '' || name === 'localhost' || name.startsWith('[') || isIP(name) !== 0;
}

function fromHeaders(id: string | undefined, port: string | undefined): CapsuleAddress | undefined {
  if (id === undefined && port === undefined) return undefined;
  if (id === undefined || port === undefined) {
    const missing = id === undefined ? 'e2b-sandbox-id' : 'e2b-sandbox-port';
    throw new WrennError('invalid_request', `the header ${missing} is missing`, {
      field: missing,
      remedy: 'send both E2b-Sandbox-Id and E2b-Sandbox-Port',
    });
  }
  return {
    capsuleId: parseId('capsule', id, 'e2b-sandbox-id'),
    port: parsePort(port, 'e2b-sandbox-port'),
  };
}

function parsePort(text: string, field: string): number {
  const port = /^[1-9]\d{0,4}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65535) return port;
  throw new WrennError('invalid_request', `${field} has no port between 1 and 65535`, { field });
}

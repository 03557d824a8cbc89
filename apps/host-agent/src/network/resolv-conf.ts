import { readFile, stat } from 'node:fs/promises';
import { isIP } from 'node:net';

/** As many as the C library asks. */
const mostServers = 3;
/** A query may look at the file again after this long. */
const freshMs = 1_000;

/** Addresses of the `nameserver` lines, in order; IPv6 addresses may carry a zone. */
export function parseResolvConf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1])
    .filter((address) => address !== undefined)
    .filter((address) => isIP(address) !== 0)
    .slice(0, mostServers);
}

/** The resolvers of the host, read again when the file has changed: a laptop or DHCP changes them while we run. */
export class ResolvConf {
  readonly #path: string;
  #servers: readonly string[] = [];
  #version = '';
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(path = '/etc/resolv.conf') {
    this.#path = path;
  }

  /** None when the file has none; throws when it cannot be read. */
  async servers(): Promise<readonly string[]> {
    const now = performance.now();
    if (now - this.#lookedAt < freshMs) return this.#servers;
    const { mtimeMs, ino, size } = await stat(this.#path);
    const version = `${ino} ${mtimeMs} ${size}`;
    if (version !== this.#version) {
      this.#servers = parseResolvConf(await readFile(this.#path, 'utf8'));
      this.#version = version;
    }
    this.#lookedAt = now;
    return this.#servers;
  }
}

import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { type CapsuleId, systemCode, WrennError } from '@wrenn/core';
import { Exchanges } from '@wrenn/forward';
import { identityOfHost } from '@wrenn/service';
import type { CapsuleFacts } from './facts.ts';
import type { Reached } from './reached.ts';

/** As long as the callers of relays keep what idles; the relay keeps it longer (R5). */
const idleMs = 90_000;

interface Credentials {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** The connections to one host's relay: those of requests, and those that become something else. */
interface Relay {
  readonly address: string;
  readonly pool: Agent;
  readonly dialer: Agent;
  readonly exchanges: Exchanges;
}

/** The relays of other machines' hosts, with mutual TLS. */
export class Relays implements Disposable {
  readonly #directory: string;
  readonly #relays = new Map<string, Relay>();
  #ownHost: Promise<string | undefined> | undefined;
  #credentials: Promise<Credentials> | undefined;

  constructor(directory: string) {
    this.#directory = join(directory, 'pki');
  }

  /** The way to a capsule on another machine; undefined for one of this machine, or of a host without a relay. */
  async to(id: CapsuleId, { hostId, relay }: CapsuleFacts): Promise<Reached | undefined> {
    this.#ownHost ??= this.#readOwnHost();
    if (relay === undefined || hostId === (await this.#ownHost)) return undefined;
    const known = this.#relays.get(hostId) ?? (await this.#open(hostId, relay));
    return reachedBy(known.address === relay ? known : await this.#open(hostId, relay), id);
  }

  [Symbol.dispose](): void {
    for (const relay of this.#relays.values()) close(relay);
    this.#relays.clear();
  }

  async #open(hostId: string, address: string): Promise<Relay> {
    this.#credentials ??= this.#readCredentials();
    const tls = {
      ...(await this.#credentials),
      minVersion: 'TLSv1.3',
      checkServerIdentity: identityOfHost(hostId),
    } as const;
    const relay: Relay = {
      address,
      pool: new Agent({ ...tls, keepAlive: true, timeout: idleMs, maxFreeSockets: 256 }),
      dialer: new Agent({ ...tls, keepAlive: false }),
      exchanges: new Exchanges(),
    };
    const before = this.#relays.get(hostId);
    if (before !== undefined) close(before);
    this.#relays.set(hostId, relay);
    return relay;
  }

  async #readCredentials(): Promise<Credentials> {
    const read = (name: string) => readFile(join(this.#directory, name));
    try {
      const [ca, cert, key] = await Promise.all([read('ca.crt'), read('edge.crt'), read('edge.key')]);
      return { ca, cert, key };
    } catch (cause) {
      this.#credentials = undefined;
      throw new WrennError('missing_prerequisite', `reading the edge's certificate in ${this.#directory}`, {
        cause,
        remedy: 'copy ca.crt, edge.crt and edge.key from the control plane, which makes them',
      });
    }
  }

  async #readOwnHost(): Promise<string | undefined> {
    try {
      const certificate = new X509Certificate(await readFile(join(this.#directory, 'host.crt')));
      return /^CN=(.+)$/m.exec(certificate.subject)?.[1];
    } catch (thrown) {
      if (systemCode(thrown) === 'ENOENT') return undefined;
      throw thrown;
    }
  }
}

function reachedBy({ address, pool, dialer, exchanges }: Relay, id: CapsuleId): Reached {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
  return {
    address: host,
    exchanges,
    to: (port) => ({
      host,
      port: Number(address.slice(colon + 1)),
      pool,
      dialer,
      protocol: 'https:',
      pathPrefix: `/proxy/${id}/${port}`,
    }),
  };
}

function close({ pool, dialer }: Relay): void {
  pool.destroy();
  dialer.destroy();
}

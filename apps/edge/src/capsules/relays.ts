import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';
import { type CapsuleId, systemCode, WrennError } from '@wrenn/core';
import { Clients, closeIdle, Exchanges } from '@wrenn/forward';
import { identityOfHost } from '@wrenn/service';
import type { CapsuleFacts } from './facts.ts';
import type { Reached } from './reached.ts';

/** The relay keeps what idles for longer (R5). */
const idleMs = 90_000;
const mostIdle = 32;

/** The connections to one capsule by the relay of its host: those of requests, and those that become something else. */
interface Way {
  readonly hostId: string;
  readonly relay: string;
  readonly pool: Agent;
  readonly clients: Clients;
  readonly dialer: Agent;
  readonly exchanges: Exchanges;
}

/** The ways to capsules of other machines, by their hosts' relays, with mutual TLS. No two capsules share a connection. */
export class Relays implements Disposable {
  readonly #directory: string;
  readonly #ways = new Map<CapsuleId, Way>();
  readonly #sweeping: NodeJS.Timeout;
  #ownHost: Promise<string | undefined> | undefined;
  #identity: Promise<SecureContext> | undefined;

  constructor(directory: string) {
    this.#directory = join(directory, 'pki');
    this.#sweeping = setInterval(() => this.#sweep(), idleMs).unref();
  }

  /** The way to a capsule on another machine; undefined for one of this machine, or of a host without a relay. */
  async to(id: CapsuleId, { hostId, relay }: CapsuleFacts): Promise<Reached | undefined> {
    this.#ownHost ??= this.#readOwnHost();
    if (relay === undefined || hostId === (await this.#ownHost)) return undefined;
    this.#identity ??= this.#readIdentity();
    const identity = await this.#identity;
    // From here on without a wait: two who ask at once get the same one.
    const known = this.#ways.get(id);
    if (known?.hostId === hostId && known.relay === relay) return reachedBy(known, id);
    // What is under way by the address that is no more ends by itself.
    if (known !== undefined) closeIdleOf(known);
    const way = open(identity, hostId, relay);
    this.#ways.set(id, way);
    return reachedBy(way, id);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#sweeping);
    for (const { pool, clients, dialer } of this.#ways.values()) {
      pool.destroy();
      clients.close();
      dialer.destroy();
    }
    this.#ways.clear();
  }

  /** Forgets those that nobody has used since the last time. */
  #sweep(): void {
    for (const [id, way] of this.#ways) {
      if (way.exchanges.takeUse() || way.exchanges.count > 0) continue;
      this.#ways.delete(id);
      closeIdleOf(way);
    }
  }

  async #readIdentity(): Promise<SecureContext> {
    const read = (name: string) => readFile(join(this.#directory, name));
    try {
      const [ca, cert, key] = await Promise.all([read('ca.crt'), read('edge.crt'), read('edge.key')]);
      return createSecureContext({ ca, cert, key, minVersion: 'TLSv1.3' });
    } catch (cause) {
      this.#identity = undefined;
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

function open(secureContext: SecureContext, hostId: string, relay: string): Way {
  const tls = { secureContext, checkServerIdentity: identityOfHost(hostId) };
  return {
    hostId,
    relay,
    pool: new Agent({ ...tls, keepAlive: true, timeout: idleMs, maxFreeSockets: mostIdle }),
    clients: new Clients({ hop: 'relay', tls, idleMs, mostIdle }),
    dialer: new Agent({ ...tls, keepAlive: false }),
    exchanges: new Exchanges(),
  };
}

function closeIdleOf({ pool, clients }: Way): void {
  closeIdle(pool);
  clients.closeIdle();
}

function reachedBy({ relay, pool, clients, dialer, exchanges }: Way, id: CapsuleId): Reached {
  const colon = relay.lastIndexOf(':');
  const host = relay.slice(0, colon).replace(/^\[|\]$/g, '');
  return {
    address: host,
    exchanges,
    to: (port) => ({
      hop: 'relay',
      host,
      port: Number(relay.slice(colon + 1)),
      pool,
      clients,
      dialer,
      protocol: 'https:',
      pathPrefix: `/proxy/${id}/${port}`,
    }),
  };
}

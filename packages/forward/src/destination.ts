import { Agent } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import type { Hop } from './hop.ts';
import { Clients } from './sending/clients.ts';

/**
 * Idle connections to a capsule are closed after this long, in milliseconds: sooner than any usual server does it (the
 * hastiest, gunicorn, waits 2 s), since a request on a connection that is just being closed is lost.
 */
const idleMs = 1_500;

/** Where the requests for one port of one capsule go. */
export interface Destination {
  readonly hop: Hop;
  readonly host: string;
  readonly port: number;
  /** Connections that are kept for the next request. Never shared between two capsules. */
  readonly pool: Agent;
  /** The same for requests that can go by undici; undefined where none do. */
  readonly clients?: Clients;
  /** Connections that become something else than HTTP: each is a new one. */
  readonly dialer: Agent;
  /** TLS, as between an edge and the relay of another machine. */
  readonly protocol: 'http:' | 'https:';
  /** Stands before the path on the way there: the relay's own address of the port. */
  readonly pathPrefix: string;
  /** By `performance.now()`: until then a port that is closed may be about to be opened. */
  readonly comingUpUntilMs?: number;
}

const mostIdle = 128;

/** The connections to one capsule. Nothing bounds their number but the number of exchanges that are let in. */
export class Pool {
  readonly kept: Agent = new Agent({ keepAlive: true, timeout: idleMs, maxFreeSockets: mostIdle });
  readonly clients: Clients = new Clients({ hop: 'port', idleMs, mostIdle });
  readonly dialer: Agent = new Agent({ keepAlive: false });

  to(host: string, port: number): Destination {
    return {
      hop: 'port',
      host,
      port,
      pool: this.kept,
      clients: this.clients,
      dialer: this.dialer,
      protocol: 'http:',
      pathPrefix: '',
    };
  }

  /** Before the guest is copied: a copy would have them too, with nobody at the other end. */
  closeIdle(): void {
    closeIdle(this.kept);
    this.clients.closeIdle();
  }

  close(): void {
    this.kept.destroy();
    this.clients.close();
    this.dialer.destroy();
  }
}

export function closeIdle({ freeSockets }: Agent | HttpsAgent): void {
  for (const socket of Object.values(freeSockets).flat()) socket?.destroy();
}

import { Connection, type ConnectionOptions } from './connection.ts';

export interface ClientsOptions extends ConnectionOptions {
  /** So many without a request are kept for each port. */
  readonly mostIdle: number;
}

/**
 * The connections of undici's to one capsule, each with one request at a time. Not undici's own pool: that does not tell
 * whether a connection has been used before, and does not close those that idle when it is told to.
 */
export class Clients {
  readonly #options: ClientsOptions;
  readonly #all = new Set<Connection>();
  /** By origin. The one that was used last is at the end and is taken first: what is too many is left to idle. */
  readonly #idle = new Map<string, Connection[]>();
  #state: 'open' | 'closed' = 'open';

  constructor(options: ClientsOptions) {
    this.#options = options;
  }

  /** For one request, after which it is given back or discarded. */
  take(host: string, port: number): Connection {
    const origin = originOf(host, port);
    return this.#idle.get(origin)?.pop() ?? this.#make(origin, host, port);
  }

  giveBack(connection: Connection): void {
    const { origin } = connection;
    const idle = this.#idle.get(origin);
    if (this.#state === 'closed' || !connection.isOpen || (idle?.length ?? 0) >= this.#options.mostIdle)
      this.discard(connection);
    else if (idle === undefined) this.#idle.set(origin, [connection]);
    else idle.push(connection);
  }

  discard(connection: Connection): void {
    this.#all.delete(connection);
    if (this.#idle.get(connection.origin)?.length === 0) this.#idle.delete(connection.origin);
    connection.close();
  }

  closeIdle(): void {
    const idle = [...this.#idle.values()].flat();
    this.#idle.clear();
    for (const connection of idle) this.discard(connection);
  }

  close(): void {
    this.#state = 'closed';
    this.#idle.clear();
    for (const connection of this.#all) connection.close();
    this.#all.clear();
  }

  #make(origin: string, host: string, port: number): Connection {
    const connection = new Connection(origin, { host, port }, this.#options);
    this.#all.add(connection);
    connection.onClosed(() => this.#forget(connection));
    return connection;
  }

  /** One with a request is that request's to discard. */
  #forget(connection: Connection): void {
    const idle = this.#idle.get(connection.origin);
    const index = idle?.indexOf(connection) ?? -1;
    if (index < 0) return;
    idle?.splice(index, 1);
    this.discard(connection);
  }
}

function originOf(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

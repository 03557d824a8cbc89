import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { systemCode, WrennError } from '@wrenn/core';
import type { Logger } from '@wrenn/service';
import { ClientBudget } from '../network/client-budget.ts';
import { metadataEndpoint, type Slot } from '../network/slot.ts';
import { answerMetadata } from './answer.ts';
import type { GuestMetadata } from './metadata.ts';
import { SessionTokens } from './session-tokens.ts';

export interface MetadataServiceOptions {
  /** The service address of a range of slots. */
  readonly address: string;
  /** The one that the slots' rules lead to by default; guests reach no other. */
  readonly port?: number;
  readonly log: Logger;
}

/** A request is a few hundred bytes without a body, and its answer one packet. */
const largestHeadBytes = 4096;
const headDeadlineMs = 5_000;
const idleConnectionMs = 5_000;
const connectionLimits = { total: 256, perClient: 8 };

/**
 * Tells each guest who it is, as Firecracker does for its own. Who asks is known by its address, the slot's
 * `peerAddress`, which the slot's namespace does not let the guest change: nothing that it sends chooses the answer.
 */
export class MetadataService {
  readonly #server: Server;
  readonly #log: Logger;
  readonly #tokens = new SessionTokens();
  readonly #connections = new ClientBudget(connectionLimits);
  /** By the slot's `peerAddress`. */
  readonly #published = new Map<string, { readonly metadata: GuestMetadata; readonly onRead: () => void }>();

  private constructor(log: Logger) {
    this.#log = log;
    this.#server = createServer(
      {
        maxHeaderSize: largestHeadBytes,
        headersTimeout: headDeadlineMs,
        requestTimeout: headDeadlineMs,
        connectionsCheckingInterval: 1_000,
      },
      (request, response) => this.#answer(request, response),
    );
    this.#server.setTimeout(idleConnectionMs);
    this.#server.on('connection', (socket) => this.#admit(socket));
    this.#server.on('error', (fault) => log.warn({ cause: fault.message }, 'metadata service'));
  }

  /** Listens when it returns; throws `missing_prerequisite` when another program has the port. */
  static async open({
    address,
    port = metadataEndpoint.hostPort,
    log,
  }: MetadataServiceOptions): Promise<MetadataService> {
    const service = new MetadataService(log);
    try {
      service.#server.listen(port, address);
      await once(service.#server, 'listening');
    } catch (cause) {
      if (systemCode(cause) !== 'EADDRINUSE') throw WrennError.from(cause, 'starting the metadata service');
      throw new WrennError('missing_prerequisite', `another program listens on ${address} port ${port}`, {
        cause,
        remedy: 'make that program listen on its own addresses only, not on all',
      });
    }
    return service;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /**
   * From now on the guest in this slot is told this; replaces what was published before. `wasRead` settles when the
   * guest has read it, which a guest need not do.
   */
  publish(
    { peerAddress }: Pick<Slot, 'peerAddress'>,
    metadata: GuestMetadata,
  ): { readonly wasRead: Promise<void> } {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#published.set(peerAddress, { metadata, onRead: resolve });
    return { wasRead: promise };
  }

  /** To be called before the slot is given to another. */
  withdraw({ peerAddress }: Pick<Slot, 'peerAddress'>): void {
    this.#published.delete(peerAddress);
  }

  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#server.closeAllConnections();
    await promise;
  }

  #admit(socket: Socket): void {
    const place = this.#connections.enter(socket.remoteAddress ?? '');
    if (place === undefined) socket.destroy();
    else socket.once('close', () => place[Symbol.dispose]());
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const client = request.socket.remoteAddress ?? '';
    const published = this.#published.get(client);
    const { status, type, headers, body } = answerMetadata(request, published?.metadata, this.#tokens);
    if (status === 200 && request.method === 'GET') published?.onRead();
    if (status >= 400) this.#log.debug({ client, status }, 'metadata refused');
    // One request a connection, and what follows its head is not read: so the rules of the slots, which bound the
    // connections that a guest makes, bound all that it can ask for.
    response.writeHead(status, {
      ...headers,
      'content-type': type,
      'content-length': Buffer.byteLength(body),
      'cache-control': 'no-store',
      connection: 'close',
    });
    response.end(body);
  }
}

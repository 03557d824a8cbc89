import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { Cleanup, deadline, describeError, systemCode, WrennError } from '@wrenn/core';
import type { Logger } from '@wrenn/service';
import { ClientBudget } from './client-budget.ts';
import { framed, readFrames } from './dns-frames.ts';
import { type DnsQuestion, errorResponse, parseQuery } from './dns-message.ts';
import { askUpstream, type Transport, type Upstream } from './dns-upstream.ts';
import { ResolvConf } from './resolv-conf.ts';

export interface DnsForwarderOptions {
  /** The service address of a range of slots. */
  readonly address: string;
  /** 53 by default; guests reach no other. */
  readonly port?: number;
  /** The host's own, from /etc/resolv.conf, by default. */
  readonly upstreams?: () => Promise<readonly Upstream[]>;
  readonly log: Logger;
}

/** Clients give up after 5 s, as the C library does; an error before that tells them to stop waiting. */
const queryDeadlineMs = 4_500;
/** How long one resolver may take before the next one is asked. */
const upstreamDeadlineMs = 2_000;
const idleConnectionMs = 10_000;
const connectionLimits = { total: 256, perClient: 16 };
const queryLimits = { total: 512, perClient: 64 };

/**
 * Relays the guests' DNS queries to the host's resolvers, so that a resolver at a private address works although
 * guests reach no private address. It answers nothing by itself and remembers nothing. Who asks is known by its
 * address, the slot's `peerAddress`, which the slot's namespace does not let the guest change.
 */
export class DnsForwarder {
  readonly #options: DnsForwarderOptions;
  readonly #queries = new ClientBudget(queryLimits);
  readonly #connections = new ClientBudget(connectionLimits);
  readonly #sockets = new Set<Socket>();
  readonly #udp = createSocket('udp4');
  readonly #tcp: Server;
  readonly #closing = new AbortController();
  readonly #upstreams: () => Promise<readonly Upstream[]>;

  private constructor(options: DnsForwarderOptions) {
    this.#options = options;
    this.#upstreams = options.upstreams ?? hostResolvers();
    this.#tcp = createServer((socket) => void this.#serve(socket));
    const complain = (fault: Error) => options.log.warn({ cause: fault.message }, 'DNS forwarder');
    this.#tcp.on('error', complain);
    this.#udp.on('error', complain);
    this.#udp.on('message', (query, from) => void this.#answerUdp(query, from));
  }

  /** Listens on UDP and TCP; throws `missing_prerequisite` when another program has the port. */
  static async open(options: DnsForwarderOptions): Promise<DnsForwarder> {
    const forwarder = new DnsForwarder(options);
    await using cleanup = new Cleanup();
    await cleanup.add('DNS forwarder', () => forwarder.close());
    try {
      await listenUdp(forwarder.#udp, options);
      // With port 0 both have the one that UDP was given.
      await listenTcp(forwarder.#tcp, { address: options.address, port: forwarder.port });
    } catch (cause) {
      if (systemCode(cause) !== 'EADDRINUSE') throw WrennError.from(cause, 'starting the DNS forwarder');
      throw new WrennError('missing_prerequisite', `another program listens on ${options.address} port 53`, {
        cause,
        remedy: 'make the DNS server of this machine listen on its own addresses only, not on all',
      });
    }
    cleanup.commit();
    return forwarder;
  }

  get port(): number {
    return this.#udp.address().port;
  }

  /** Queries on their way get no answer any more. */
  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(new WrennError('cancelled', 'the DNS forwarder is being closed'));
    for (const socket of this.#sockets) socket.destroy();
    const closed = [closeOf(this.#udp)];
    if (this.#tcp.listening) closed.push(closeOf(this.#tcp));
    await Promise.all(closed);
  }

  /** Never rejects. */
  async #answerUdp(query: Buffer, from: RemoteInfo): Promise<void> {
    const answer = await this.#answer('udp', query, from.address);
    if (answer === undefined || this.#closing.signal.aborted) return;
    this.#udp.send(answer, from.port, from.address, (fault) => {
      if (fault !== null)
        this.#options.log.debug({ client: from.address, cause: fault.message }, 'DNS answer lost');
    });
  }

  /** Never rejects. One query of a connection is answered after the other, which bounds what it can ask for. */
  async #serve(socket: Socket): Promise<void> {
    const client = socket.remoteAddress ?? '';
    socket.on('error', () => undefined);
    using place = this.#connections.enter(client);
    if (place === undefined || this.#closing.signal.aborted) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.setTimeout(idleConnectionMs, () => socket.destroy());
    try {
      for await (const query of readFrames(socket)) {
        const answer = await this.#answer('tcp', query, client);
        if (answer === undefined) break;
        if (!socket.write(framed(answer))) await once(socket, 'drain', { signal: this.#closing.signal });
      }
    } catch (thrown) {
      this.#options.log.debug({ client, cause: describeError(thrown) }, 'DNS connection broken');
    } finally {
      this.#sockets.delete(socket);
      socket.destroy();
    }
  }

  /** The answer to send, an error where there is no better one; undefined for what is no query at all. */
  async #answer(transport: Transport, query: Buffer, client: string): Promise<Buffer | undefined> {
    const parsed = parseQuery(query);
    if (parsed.kind === 'ignore') return undefined;
    if (parsed.kind === 'refuse') return errorResponse(query, parsed.code);
    using place = this.#queries.enter(client);
    if (place === undefined) return errorResponse(query, 'server-failure');
    try {
      return await this.#forward(transport, query, parsed.question);
    } catch (thrown) {
      this.#options.log.debug({ client, cause: describeError(thrown) }, 'DNS query failed');
      return errorResponse(query, 'server-failure');
    }
  }

  /** Asks one resolver after the other, and once more from the first, until one answers or the time is over. */
  async #forward(transport: Transport, query: Buffer, question: DnsQuestion): Promise<Buffer> {
    using limit = deadline(queryDeadlineMs, 'DNS query', this.#closing.signal);
    const upstreams = await this.#upstreams();
    let fault: unknown = new WrennError('missing_prerequisite', 'this machine has no DNS resolver');
    for (const upstream of [...upstreams, ...upstreams]) {
      using attempt = deadline(upstreamDeadlineMs, `asking ${upstream.address}`, limit);
      try {
        return await askUpstream(transport, upstream, query, question, attempt);
      } catch (thrown) {
        limit.throwIfAborted();
        fault = thrown;
      }
    }
    throw fault;
  }
}

function hostResolvers(): () => Promise<readonly Upstream[]> {
  const file = new ResolvConf();
  return async () => (await file.servers()).map((address) => ({ address, port: 53 }));
}

async function listenUdp(
  socket: UdpSocket,
  { address, port = 53 }: { address: string; port?: number },
): Promise<void> {
  socket.bind({ address, port });
  await once(socket, 'listening');
}

async function listenTcp(
  server: Server,
  { address, port }: { address: string; port: number },
): Promise<void> {
  server.listen({ host: address, port });
  await once(server, 'listening');
}

async function closeOf(closable: UdpSocket | Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  closable.close(() => resolve());
  await promise;
}

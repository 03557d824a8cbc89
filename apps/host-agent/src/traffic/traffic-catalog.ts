import { chmod, mkdir, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { abortable, type CapsuleId, deadline, describeError, WrennError } from '@wrenn/core';
import { type ForwarderKind, readFromForwarder, type ToForwarder, writeMessage } from '@wrenn/forward';
import type { Logger } from '@wrenn/service';

/** What forwarders need to know of a capsule that runs. */
export interface ServedCapsule {
  readonly id: CapsuleId;
  readonly address: string;
  readonly token: string;
}

interface Forwarder {
  readonly kind: ForwarderKind;
  readonly socket: Socket;
}

/** Requests under way when a capsule is paused have this long to end (R1). */
const drainMs = 2_000;
/** For the word itself to come back. One that does not answer must not keep a capsule from being paused. */
const answerMs = 1_000;

/**
 * Tells the processes that forward traffic on this machine (the edge, the relay) which capsules run here, and has them
 * hold it while one is copied. What passes for a capsule they tell in turn.
 */
export class TrafficCatalog {
  readonly #server: Server;
  readonly #path: string;
  readonly #log: Logger;
  readonly #onUse: (id: CapsuleId) => void;
  readonly #served = new Map<CapsuleId, ServedCapsule>();
  /** Those of the served that are to be let alone. */
  readonly #held = new Set<CapsuleId>();
  readonly #forwarders = new Set<Forwarder>();
  readonly #waiting = new Map<number, { forwarder: Forwarder; answered: PromiseWithResolvers<void> }>();
  #tickets = 0;
  /** Whether what is served is all that runs: not before a new agent has found what the one before left. */
  #state: 'finding' | 'complete' = 'finding';

  private constructor(options: TrafficCatalogOptions) {
    this.#path = options.path;
    this.#log = options.log;
    this.#onUse = options.onUse;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** Listens on a socket that root alone reaches; one that a killed agent left is taken over. */
  static async open(options: TrafficCatalogOptions): Promise<TrafficCatalog> {
    const catalog = new TrafficCatalog(options);
    await mkdir(dirname(options.path), { recursive: true, mode: 0o700 });
    await rm(options.path, { force: true });
    const listening = Promise.withResolvers<void>();
    catalog.#server.once('error', listening.reject);
    catalog.#server.listen(options.path, listening.resolve);
    try {
      await listening.promise;
    } catch (cause) {
      throw new WrennError('missing_prerequisite', `listening on ${options.path}: ${describeError(cause)}`, {
        cause,
        remedy: 'set WRENN_DIR to a shorter path of a local file system',
      });
    }
    await chmod(options.path, 0o600);
    return catalog;
  }

  /** All that run are served: what forwarders know beyond that is gone. Until then they keep what they knew. */
  complete(): void {
    this.#state = 'complete';
    this.#tellAll({ type: 'complete' });
  }

  serve(capsule: ServedCapsule): void {
    this.#served.set(capsule.id, capsule);
    this.#held.delete(capsule.id);
    for (const forwarder of this.#forwarders) this.#tell(forwarder, capsule);
  }

  /** Its connections are reset, wherever they are. */
  drop(id: CapsuleId): void {
    this.#held.delete(id);
    if (this.#served.delete(id)) this.#tellAll({ type: 'drop', id });
  }

  /** Before it is taken to disk: nobody is let in any more, and those who are in have a while to end. */
  async drain(id: CapsuleId, signal: AbortSignal): Promise<void> {
    await this.#hold(id, drainMs, signal);
  }

  /** Before it is copied and goes on: no connection idles, and nobody is let in while it stands still. */
  async still(id: CapsuleId, signal: AbortSignal): Promise<void> {
    await this.#hold(id, 0, signal);
  }

  /** It goes on after `drain` or `still`. */
  release(id: CapsuleId): void {
    this.#held.delete(id);
    if (this.#served.has(id)) this.#tellAll({ type: 'release', id });
  }

  async close(): Promise<void> {
    const closed = Promise.withResolvers<void>();
    this.#server.close(() => closed.resolve());
    for (const { socket } of this.#forwarders) socket.destroy();
    await closed.promise;
    await rm(this.#path, { force: true });
  }

  async #hold(id: CapsuleId, settleMs: number, signal: AbortSignal): Promise<void> {
    if (!this.#served.has(id)) return;
    this.#held.add(id);
    const answers = [...this.#forwarders].map((forwarder) => {
      this.#tickets += 1;
      const ticket = this.#tickets;
      const answered = Promise.withResolvers<void>();
      this.#waiting.set(ticket, { forwarder, answered });
      writeMessage(forwarder.socket, { type: 'hold', id, ticket, settleMs });
      return answered.promise.finally(() => this.#waiting.delete(ticket));
    });
    using limit = deadline(settleMs + answerMs, 'holding the traffic of a capsule', signal);
    try {
      await abortable(Promise.all(answers), limit);
    } catch (thrown) {
      signal.throwIfAborted();
      this.#log.warn({ capsule: id, cause: describeError(thrown) }, 'a forwarder did not answer');
    }
  }

  #accept(socket: Socket): void {
    let forwarder: Forwarder | undefined;
    socket.on('error', (fault) => this.#log.debug({ cause: describeError(fault) }, 'a forwarder'));
    socket.once('close', () => {
      if (forwarder === undefined) return;
      this.#forwarders.delete(forwarder);
      // What it held is gone with it.
      for (const each of this.#waiting.values()) if (each.forwarder === forwarder) each.answered.resolve();
    });
    readFromForwarder(socket, (message) => {
      switch (message.type) {
        case 'hello':
          forwarder = { kind: message.kind, socket };
          this.#forwarders.add(forwarder);
          for (const capsule of this.#served.values()) this.#tell(forwarder, capsule);
          if (this.#state === 'complete') writeMessage(socket, { type: 'complete' });
          break;
        case 'held':
          this.#waiting.get(message.ticket)?.answered.resolve();
          break;
        case 'used':
          for (const id of message.ids) this.#onUse(id);
          break;
      }
    });
  }

  /** The edge has no business with envd's token: whoever wants envd has it. */
  #tell({ kind, socket }: Forwarder, { id, address, token }: ServedCapsule): void {
    const state = this.#held.has(id) ? 'held' : 'open';
    writeMessage(socket, {
      type: 'serve',
      id,
      address,
      state,
      ...(kind === 'relay' ? { token } : {}),
    });
  }

  #tellAll(message: ToForwarder): void {
    for (const { socket } of this.#forwarders) writeMessage(socket, message);
  }
}

export interface TrafficCatalogOptions {
  readonly path: string;
  readonly log: Logger;
  /** A forwarder moved bytes for this capsule within the last second or so. */
  readonly onUse: (id: CapsuleId) => void;
}

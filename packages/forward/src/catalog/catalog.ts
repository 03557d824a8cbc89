import { createConnection, type Socket } from 'node:net';
import { abortable, type CapsuleId, describeError } from '@wrenn/core';
import type { Logger } from '@wrenn/service';
import { type ForwarderKind, readToForwarder, type ToForwarder, writeMessage } from './messages.ts';
import { Passage } from './passage.ts';

const firstRetryMs = 50;
const longestRetryMs = 1_000;
const useEveryMs = 1_000;
/** A guest that goes on opens the ports of its loopback again, which takes it longer under emulation and load. */
const comingUpMs = 3_000;

export interface CatalogOptions {
  /** Path of the agent's Unix socket. */
  readonly socketPath: string;
  readonly kind: ForwarderKind;
  readonly log: Logger;
}

/**
 * The capsules that run on this machine, as its agent tells them. While the agent is away what is known stays, since
 * capsules outlive it; when it is back what it does not name any more is dropped.
 */
export class Catalog implements Disposable {
  readonly #options: CatalogOptions;
  readonly #passages = new Map<CapsuleId, Passage>();
  readonly #using: NodeJS.Timeout;
  /** Those who wait for a change. */
  #changed = Promise.withResolvers<void>();
  #named: Set<CapsuleId> | undefined;
  #socket: Socket | undefined;
  #isComplete = false;
  #retryMs = firstRetryMs;
  #retry: NodeJS.Timeout | undefined;
  #state: 'following' | 'closed' = 'following';

  constructor(options: CatalogOptions) {
    this.#options = options;
    this.#connect();
    this.#using = setInterval(() => this.#tellUse(), useEveryMs);
  }

  /** Whether the agent has told all since this began. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  passage(id: CapsuleId): Passage | undefined {
    return this.#passages.get(id);
  }

  /** Settles at the next change of anything, for those who look again then. */
  async change(signal: AbortSignal): Promise<void> {
    await abortable(this.#changed.promise, signal);
  }

  [Symbol.dispose](): void {
    this.#state = 'closed';
    clearInterval(this.#using);
    clearTimeout(this.#retry);
    this.#socket?.destroy();
    for (const passage of this.#passages.values()) passage.drop();
    this.#passages.clear();
  }

  #connect(): void {
    const { socketPath, kind, log } = this.#options;
    const socket = createConnection(socketPath);
    this.#socket = socket;
    socket.once('connect', () => {
      this.#retryMs = firstRetryMs;
      this.#named = new Set();
      writeMessage(socket, { type: 'hello', kind });
    });
    readToForwarder(socket, (message) => this.#heard(socket, message));
    socket.on('error', (fault) => log.debug({ cause: describeError(fault) }, 'following the host agent'));
    socket.once('close', () => {
      if (this.#state === 'closed') return;
      this.#retry = setTimeout(() => this.#connect(), this.#retryMs);
      this.#retryMs = Math.min(longestRetryMs, this.#retryMs * 2);
    });
  }

  #heard(socket: Socket, message: ToForwarder): void {
    switch (message.type) {
      case 'serve':
        this.#named?.add(message.id);
        this.#serve(message);
        break;
      case 'hold':
        void this.#hold(socket, message);
        break;
      case 'release':
        this.#passages.get(message.id)?.release();
        break;
      case 'drop':
        this.#drop(message.id);
        break;
      case 'complete':
        for (const id of this.#passages.keys()) if (this.#named?.has(id) === false) this.#drop(id);
        this.#named = undefined;
        this.#isComplete = true;
        break;
    }
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  #serve({ id, address, token, state }: Extract<ToForwarder, { type: 'serve' }>): void {
    let passage = this.#passages.get(id);
    if (passage?.address !== address) {
      passage?.drop();
      passage = new Passage(id, address, token, comingUpMs);
      this.#passages.set(id, passage);
    }
    if (state === 'open') passage.release();
    else void passage.hold(0);
  }

  async #hold(
    socket: Socket,
    { id, ticket, settleMs }: Extract<ToForwarder, { type: 'hold' }>,
  ): Promise<void> {
    await this.#passages.get(id)?.hold(settleMs);
    writeMessage(socket, { type: 'held', ticket });
  }

  #drop(id: CapsuleId): void {
    this.#passages.get(id)?.drop();
    this.#passages.delete(id);
  }

  #tellUse(): void {
    const ids = [...this.#passages.values()].filter((each) => each.exchanges.takeUse()).map(({ id }) => id);
    if (ids.length > 0 && this.#socket !== undefined) writeMessage(this.#socket, { type: 'used', ids });
  }
}

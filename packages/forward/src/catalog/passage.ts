import { abortable, type CapsuleId, deadline } from '@wrenn/core';
import { type Destination, Pool } from '../destination.ts';
import { Exchanges } from '../exchanges.ts';

/** The way into one capsule that runs on this machine: its address, its connections, and what passes on them. */
export class Passage {
  readonly id: CapsuleId;
  readonly address: string;
  /** envd's; undefined for those who have no business with it. */
  readonly token: string | undefined;
  readonly pool = new Pool();
  readonly exchanges = new Exchanges();
  readonly #comingUpMs: number;
  #openedAtMs = performance.now();
  #held: PromiseWithResolvers<void> | undefined;
  #state: 'open' | 'dropped' = 'open';

  /** For `comingUpMs` after it was opened a port that is closed may be one that its guest has yet to open again. */
  constructor(id: CapsuleId, address: string, token: string | undefined, comingUpMs = 0) {
    this.id = id;
    this.address = address;
    this.token = token;
    this.#comingUpMs = comingUpMs;
  }

  to(port: number): Destination {
    return { ...this.pool.to(this.address, port), comingUpUntilMs: this.#openedAtMs + this.#comingUpMs };
  }

  /** Waits while the capsule stands still. Whether it can be used then: it may have left meanwhile. */
  async ready(signal: AbortSignal): Promise<boolean> {
    while (this.#held !== undefined && this.#state === 'open') await abortable(this.#held.promise, signal);
    return this.#state === 'open';
  }

  /** The same without a wait, for the usual case. */
  get isOpen(): boolean {
    return this.#held === undefined && this.#state === 'open';
  }

  /** Lets nobody in until `release`; settles when those under way have ended, or had `settleMs` for it. */
  async hold(settleMs: number): Promise<void> {
    this.#held ??= Promise.withResolvers<void>();
    if (settleMs > 0) {
      using limit = deadline(settleMs, 'letting requests end');
      await this.exchanges.settled(limit);
    }
    this.pool.closeIdle();
  }

  release(): void {
    if (this.#held !== undefined) this.#openedAtMs = performance.now();
    this.#held?.resolve();
    this.#held = undefined;
  }

  drop(): void {
    this.#state = 'dropped';
    this.release();
    this.exchanges.reset();
    this.pool.close();
  }
}

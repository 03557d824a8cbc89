import { deadline, describeError, WrennError } from '@wrenn/core';
import type { Logger } from '@wrenn/service';
import { createSlot } from './create-slot.ts';
import { destroySlot } from './destroy-slot.ts';
import { closeHostNetwork, openHostNetwork } from './host-network.ts';
import { inventory } from './inventory.ts';
import { killInNamespace } from './namespace-processes.ts';
import { type Slot, slotAt } from './slot.ts';
import { SlotAllocator } from './slot-allocator.ts';
import { type RangeNames, rangeNames, type SlotRange } from './slot-range.ts';

export interface SlotPoolOptions {
  readonly range: SlotRange;
  /** How many unused slots to keep at hand; fewer where the range has no more. */
  readonly ready: number;
  readonly log: Logger;
  /** Bounds the opening only. */
  readonly signal: AbortSignal;
}

interface Waiter {
  resolve(slot: Slot): void;
  reject(reason: unknown): void;
}

/** The kernel makes namespaces one at a time; more programs at once only wait for one another. */
const creationsAtOnce = 3;
const createDeadlineMs = 30_000;
/**
 * The pool is filled up again this long after a slot was taken: whoever took it is starting a machine just now, which
 * needs the processors more.
 */
const refillDelayMs = 400;

/**
 * The network slots of one agent. A slot is `ready`, or `owned` by a capsule, or being made or removed, or was found
 * when the pool was opened: then it waits to be adopted or swept, and nobody is given its index.
 */
export class SlotPool {
  readonly #names: RangeNames;
  readonly #options: SlotPoolOptions;
  readonly #allocator: SlotAllocator;
  readonly #found = new Set<number>();
  readonly #owned = new Set<number>();
  readonly #ready: Slot[] = [];
  readonly #waiting: Waiter[] = [];
  readonly #creating = new Set<Promise<void>>();
  readonly #removing = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  #isFaulty = false;
  /** Set from the taking of a slot until the pool may be filled up again. */
  #refill: NodeJS.Timeout | undefined;

  private constructor(options: SlotPoolOptions) {
    this.#options = options;
    this.#names = rangeNames(options.range);
    this.#allocator = new SlotAllocator(options.range);
  }

  /**
   * Sets up the host's side, and fills the pool in the background. Slots that an earlier agent left are kept until
   * `adopt` or `sweep`. Throws `missing_prerequisite` where the machine cannot have slots.
   */
  static async open(options: SlotPoolOptions): Promise<SlotPool> {
    const pool = new SlotPool(options);
    for (const index of (await inventory(options.range)).keys()) {
      pool.#allocator.claim(index);
      pool.#found.add(index);
    }
    try {
      await openHostNetwork(pool.#names, options.signal);
    } catch (thrown) {
      // What is reported is why it could not be opened; that it cannot be undone either mostly has the same cause.
      await pool.#closeHostSide().catch((cause: unknown) => {
        options.log.warn({ cause: describeError(cause) }, 'network of the host is left half set up');
      });
      throw thrown;
    }
    pool.#advance();
    return pool;
  }

  /** Where services for the guests listen; guests reach DNS and the metadata service there, and nothing else. */
  get serviceAddress(): string {
    return this.#names.serviceAddress;
  }

  get counts(): { readonly owned: number; readonly ready: number } {
    return { owned: this.#owned.size, ready: this.#ready.length };
  }

  get capacity(): number {
    return this.#options.range.count - 1;
  }

  /** A slot nobody uses; at once from the pool, after it is made otherwise. `no_hosts_available` when none is left. */
  async acquire(signal: AbortSignal): Promise<Slot> {
    signal.throwIfAborted();
    this.#throwIfClosed();
    const { promise, resolve, reject } = Promise.withResolvers<Slot>();
    const waiter = { resolve, reject };
    const stop = () => {
      this.#forget(waiter);
      reject(signal.reason);
    };
    signal.addEventListener('abort', stop, { once: true });
    this.#waiting.push(waiter);
    this.#advance();
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** Takes back the slot of a capsule that outlived the agent; `not_found` when it is not whole any more. */
  async adopt(index: number): Promise<Slot> {
    this.#throwIfClosed();
    const slot = slotAt(index);
    const remains = (await inventory(this.#options.range)).get(index);
    if (!this.#found.has(index) || remains?.namespace === undefined || remains.veth === undefined) {
      throw new WrennError('not_found', `network slot ${index} is not one that was left to adopt`);
    }
    this.#found.delete(index);
    this.#owned.add(index);
    return slot;
  }

  /** Removes the slot; the processes inside must have ended. A slot that cannot be removed is left to `sweep`. */
  async release(slot: Slot): Promise<void> {
    if (!this.#owned.delete(slot.index)) throw new RangeError(`slot ${slot.index} is not owned`);
    await this.#remove(slot);
  }

  /**
   * Removes what earlier agents of this range left and `owned` does not name, processes in it included; what this
   * pool has made itself stays. Returns the names of what was removed.
   */
  async sweep(owned: ReadonlySet<number>): Promise<string[]> {
    const removed: string[] = [];
    for (const [index, remains] of await inventory(this.#options.range)) {
      if (!this.#found.has(index) || owned.has(index)) continue;
      const slot = slotAt(index);
      const killed = await killInNamespace(slot.namespace);
      if (killed > 0) removed.push(`${killed} processes in ${slot.namespace}`);
      this.#found.delete(index);
      await this.#remove(slot);
      removed.push(...[remains.namespace, remains.veth].filter((name) => name !== undefined));
    }
    return removed;
  }

  /** Removes what no capsule owns. While one does, the host's side stays: it holds the policy that applies to it. */
  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(new WrennError('cancelled', 'the network slots are being closed'));
    clearTimeout(this.#refill);
    for (const waiter of this.#waiting.splice(0)) waiter.reject(this.#closing.signal.reason);
    await Promise.all(this.#creating);
    await Promise.allSettled(this.#removing);
    const removals = await Promise.allSettled(this.#ready.splice(0).map((slot) => this.#remove(slot)));
    const fault = removals.find((removal) => removal.status === 'rejected');
    if (fault !== undefined) throw WrennError.from(fault.reason, 'closing the network slots');
    await this.#closeHostSide();
  }

  /** Stays while there is a slot that it protects. */
  async #closeHostSide(): Promise<void> {
    if (this.#owned.size + this.#found.size === 0) await closeHostNetwork(this.#names);
  }

  /** Hands out what is ready, and makes what is missing. Runs after each change; whatever comes next starts here. */
  #advance(): void {
    if (this.#closing.signal.aborted) return;
    for (const waiter of this.#waiting.splice(0, this.#ready.length)) this.#handOut(waiter);
    while (this.#wanted() > 0 && this.#creating.size < creationsAtOnce) {
      const index = this.#allocator.take();
      if (index === undefined) break;
      const creation = this.#create(slotAt(index)).finally(() => {
        this.#creating.delete(creation);
        this.#advance();
      });
      this.#creating.add(creation);
    }
    // Slots that are being removed come back to be made anew; only what even these cannot serve is refused.
    const coming = this.#creating.size + this.#removing.size + this.#allocator.free;
    for (const waiter of this.#waiting.splice(coming)) waiter.reject(this.#exhausted());
  }

  /** How many more slots to begin to make. After a fault none is made in advance, until one that was asked for works. */
  #wanted(): number {
    const mayFill = !this.#isFaulty && this.#refill === undefined;
    const spare = mayFill ? this.#options.ready - this.#ready.length : 0;
    return this.#waiting.length + spare - this.#creating.size;
  }

  #handOut(waiter: Waiter): void {
    const slot = this.#ready.shift();
    if (slot === undefined) throw new Error('handing out a slot where none is ready');
    this.#owned.add(slot.index);
    this.#postponeRefill();
    waiter.resolve(slot);
  }

  #postponeRefill(): void {
    // Not put off again by the next one, or a steady demand would keep the pool empty.
    this.#refill ??= setTimeout(() => {
      this.#refill = undefined;
      this.#advance();
    }, refillDelayMs);
  }

  /** Never rejects: a fault goes to the longest waiting, or to the log where nobody waits. */
  async #create(slot: Slot): Promise<void> {
    using limit = deadline(createDeadlineMs, `making network slot ${slot.index}`, this.#closing.signal);
    try {
      await createSlot(slot, this.#names, limit);
      this.#ready.push(slot);
      this.#isFaulty = false;
    } catch (thrown) {
      this.#allocator.giveBack(slot.index);
      if (this.#closing.signal.aborted) return;
      this.#isFaulty = true;
      const waiter = this.#waiting.shift();
      waiter?.reject(thrown);
      if (waiter === undefined)
        this.#options.log.warn({ cause: describeError(thrown) }, 'no ready slot made');
    }
  }

  /** A slot that cannot be removed keeps its index, as one that was found. */
  async #remove(slot: Slot): Promise<void> {
    const removal = destroySlot(slot).then(
      () => this.#allocator.giveBack(slot.index),
      (thrown: unknown) => {
        this.#found.add(slot.index);
        throw thrown;
      },
    );
    this.#removing.add(removal);
    try {
      await removal;
    } finally {
      this.#removing.delete(removal);
      this.#advance();
    }
  }

  #forget(waiter: Waiter): void {
    const position = this.#waiting.indexOf(waiter);
    if (position >= 0) this.#waiting.splice(position, 1);
  }

  #throwIfClosed(): void {
    this.#closing.signal.throwIfAborted();
  }

  #exhausted(): WrennError {
    return new WrennError(
      'no_hosts_available',
      `all ${this.capacity} network slots of this host are in use`,
      {
        remedy: 'destroy or pause a capsule, or give the host a larger range of slots',
      },
    );
  }
}

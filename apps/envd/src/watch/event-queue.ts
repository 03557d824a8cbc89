import { WrennError } from '@wrenn/core';

/** The cost of the events of one watch that wait for its reader, at most. */
const queueLimit = 16_384;
/** And of all watches together, so that many slow readers cannot fill the memory. */
const sharedLimit = 65_536;
/** What an event costs, by what it carries: an entry takes some 3 KB. */
const costs = { name: 1, entry: 4 } as const;

/** What the queues of one daemon share. */
export class EventBudget {
  left = sharedLimit;
}

/**
 * Events on their way to a reader, in order. More than fit are never dropped in silence: `fault` says so.
 */
export class EventQueue<T> {
  readonly #budget: EventBudget;
  readonly #cost: number;
  #events: T[] = [];
  #isClosed = false;
  #fault: WrennError | undefined;
  #wake: (() => void) | undefined;

  constructor(budget: EventBudget, carried: keyof typeof costs) {
    this.#budget = budget;
    this.#cost = costs[carried];
  }

  /** After a fault nothing more is taken, until the fault is. */
  push(event: T): void {
    if (this.#isClosed || this.#fault !== undefined) return;
    if ((this.#events.length + 1) * this.#cost > queueLimit || this.#budget.left < this.#cost) {
      this.fail(tooSlow());
      return;
    }
    this.#budget.left -= this.#cost;
    this.#events.push(event);
    this.#wakeReader();
  }

  /** What came before can still be taken. */
  fail(fault: WrennError): void {
    this.#fault ??= fault;
    this.#wakeReader();
  }

  /** Nobody reads any more. */
  close(): void {
    this.#isClosed = true;
    this.take(this.#events.length);
    this.#wakeReader();
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The oldest ones, at most `limit`. */
  take(limit: number): T[] {
    const taken = this.#events.splice(0, limit);
    this.#budget.left += taken.length * this.#cost;
    return taken;
  }

  /** Why there are no more events, once. */
  takeFault(): WrennError | undefined {
    const fault = this.#fault;
    this.#fault = undefined;
    return fault;
  }

  /** True as soon as there are events, a fault or a close; false when none came within `ms`. One reader at a time. */
  async readableWithin(ms: number): Promise<boolean> {
    if (this.#events.length > 0 || this.#fault !== undefined || this.#isClosed) return true;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(resolve, ms, false);
    this.#wake = () => resolve(true);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#wake = undefined;
    }
  }

  #wakeReader(): void {
    this.#wake?.();
  }
}

function tooSlow(): WrennError {
  return new WrennError('rate_limited', 'changes came faster than they were read, and some are lost', {
    remedy: 'look at the directory itself, watch less of it, or read faster',
  });
}

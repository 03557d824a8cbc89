import { WrennError } from '@wrenn/core';

/** The most events of one watch that wait for its reader. */
const queueLimit = 16_384;
/** And of all watches together, so that many slow readers cannot fill the memory. */
const sharedLimit = 65_536;

/** What the queues of one daemon share. */
export class EventBudget {
  left = sharedLimit;
}

/**
 * Events on their way to a reader, in order. More than fit are never dropped in silence: `fault` says so.
 */
export class EventQueue<T> {
  readonly #budget: EventBudget;
  #events: T[] = [];
  #isClosed = false;
  #fault: WrennError | undefined;
  #wake: (() => void) | undefined;

  constructor(budget: EventBudget) {
    this.#budget = budget;
  }

  /** After a fault nothing more is taken, until the fault is. */
  push(event: T): void {
    if (this.#isClosed || this.#fault !== undefined) return;
    if (this.#events.length >= queueLimit || this.#budget.left === 0) {
      this.fail(tooSlow());
      return;
    }
    this.#budget.left -= 1;
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
    this.#budget.left += taken.length;
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

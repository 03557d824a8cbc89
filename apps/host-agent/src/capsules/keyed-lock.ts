import { abortable, WrennError } from '@wrenn/core';

/** More would only wait until their callers have given up. */
const usualWaiting = 8;

interface Queue {
  tail: Promise<void>;
  waiting: number;
}

/** One holder per key at a time, in the order of asking. */
export class KeyedLock<Key extends string> {
  readonly #queues = new Map<Key, Queue>();
  readonly #mostWaiting: number;

  constructor(mostWaiting: number = usualWaiting) {
    this.#mostWaiting = mostWaiting;
  }

  /**
   * Runs `work` when all that asked for `key` before have ended; `busy` where too many wait already. Waiting, not
   * working, ends with the signal.
   */
  hold<T>(key: Key, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const waiting = this.#queues.get(key)?.waiting ?? 0;
    if (waiting < this.#mostWaiting) return this.holdInAnyCase(key, signal, work);
    const fault = new WrennError('busy', `${waiting} operations wait for ${key} already`, {
      remedy: 'try again when some of them have ended',
    });
    return Promise.reject(fault);
  }

  /** The same however many wait: for what the agent owes to itself, and nobody would ask for again. */
  async holdInAnyCase<T>(key: Key, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const before = this.#queues.get(key);
    const queue = before ?? { tail: Promise.resolve(), waiting: 0 };
    const mine = Promise.withResolvers<void>();
    const ahead = queue.tail;
    // Whoever comes next waits for both: if this one gives up waiting, its predecessor may still be at work.
    const tail = ahead.then(() => mine.promise);
    queue.tail = tail;
    this.#queues.set(key, queue);
    void tail.then(() => {
      if (queue.tail === tail) this.#queues.delete(key);
    });
    try {
      signal.throwIfAborted();
      if (before !== undefined) await this.#wait(queue, ahead, signal);
      return await work();
    } finally {
      mine.resolve();
    }
  }

  /** Settles when nobody holds or waits for any key. */
  async idle(): Promise<void> {
    while (this.#queues.size > 0) await Promise.all([...this.#queues.values()].map(({ tail }) => tail));
  }

  async #wait(queue: Queue, ahead: Promise<void>, signal: AbortSignal): Promise<void> {
    queue.waiting += 1;
    try {
      await abortable(ahead, signal);
    } finally {
      queue.waiting -= 1;
    }
  }
}

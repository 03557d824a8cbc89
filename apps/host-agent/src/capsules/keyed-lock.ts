import { abortable } from '@wrenn/core';

/** One holder per key at a time, in the order of asking. */
export class KeyedLock<Key> {
  readonly #tails = new Map<Key, Promise<void>>();

  /** Runs `work` when all that asked for `key` before have ended. Waiting, not working, ends with the signal. */
  async hold<T>(key: Key, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const mine = Promise.withResolvers<void>();
    // Whoever comes next waits for both: if this one gives up waiting, its predecessor may still be at work.
    const tail = before.then(() => mine.promise);
    this.#tails.set(key, tail);
    try {
      await abortable(before, signal);
      return await work();
    } finally {
      mine.resolve();
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    }
  }

  /** Settles when nobody holds or waits for any key. */
  async idle(): Promise<void> {
    while (this.#tails.size > 0) await Promise.all(this.#tails.values());
  }
}

import { abortable } from '@wrenn/core';

/** Wakes those who wait for something to be other than it is. */
export class Change {
  #next = Promise.withResolvers<void>();

  tell(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers<void>();
  }

  /** Returns at the next `tell`; throws the signal's reason when that aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    await abortable(this.#next.promise, signal);
  }
}

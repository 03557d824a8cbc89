/** Work that nobody may be waiting for any more, and that is still to be finished. */
export class InFlight {
  readonly #running = new Set<Promise<unknown>>();

  /** Runs `work` and hands its outcome on. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    const promise = work();
    this.#running.add(promise);
    try {
      return await promise;
    } finally {
      this.#running.delete(promise);
    }
  }

  /** Settles when nothing runs. Faults belong to those who called `run`. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }
}

/** Wakes a loop before its time. Rings while nobody waits are kept as one. */
export class Bell {
  #rung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** Returns after `ms`, at a ring, or when the signal aborts; never throws. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    if (!this.#rung && !signal.aborted) {
      const woken = Promise.withResolvers<void>();
      const wake = () => woken.resolve();
      this.#wake = wake;
      const timer = setTimeout(wake, ms);
      signal.addEventListener('abort', wake, { once: true });
      await woken.promise;
      signal.removeEventListener('abort', wake);
      clearTimeout(timer);
      this.#wake = undefined;
    }
    this.#rung = false;
  }
}

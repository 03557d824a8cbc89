import { until } from '@wrenn/core';

/** One request with its answer, or one tunnel, from its first byte to its last. */
export interface Exchange {
  /** Bytes that have moved so far, in both directions. */
  bytes(): number;
  /** Ends it at once, by a reset on the client's side: a clean end would look like a whole answer. */
  reset(): void;
}

/** What is under way with one capsule. */
export class Exchanges {
  readonly #open = new Map<Exchange, number>();
  #isUsed = false;

  get count(): number {
    return this.#open.size;
  }

  add(exchange: Exchange): Disposable {
    this.#isUsed = true;
    this.#open.set(exchange, exchange.bytes());
    return {
      [Symbol.dispose]: () => {
        if (this.#open.delete(exchange)) this.#isUsed = true;
      },
    };
  }

  /** Whether anything began, moved or ended since the last call. An open connection on which nothing moves is no use. */
  takeUse(): boolean {
    let isUsed = this.#isUsed;
    this.#isUsed = false;
    for (const [exchange, before] of this.#open) {
      const bytes = exchange.bytes();
      if (bytes === before) continue;
      isUsed = true;
      this.#open.set(exchange, bytes);
    }
    return isUsed;
  }

  /** Settles when all have ended, or at the abort: what is left then is left. */
  async settled(signal: AbortSignal): Promise<void> {
    try {
      await until(() => (this.#open.size === 0 ? true : undefined), 10, signal);
    } catch (thrown) {
      if (!signal.aborted) throw thrown;
    }
  }

  reset(): void {
    for (const exchange of this.#open.keys()) exchange.reset();
    this.#open.clear();
  }
}

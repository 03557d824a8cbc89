import { until } from '@wrenn/core';
import { forwardCounts } from './metrics.ts';

/** One request with its answer, or one tunnel, from its first byte to its last. */
export interface Exchange {
  /** Bytes that have moved so far, in both directions. */
  bytes(): number;
  /** The same for the metrics, at its end; for one whose connection has bytes of others too. */
  moved?(): number;
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
    const before = exchange.bytes();
    this.#open.set(exchange, before);
    forwardCounts.opened();
    return {
      [Symbol.dispose]: () => {
        forwardCounts.ended(exchange.moved?.() ?? exchange.bytes() - before);
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

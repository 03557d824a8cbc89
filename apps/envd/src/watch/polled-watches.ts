import { randomUUID } from 'node:crypto';
import { WrennError } from '@wrenn/core';
import type { RunningWatch, WatchEvent, WatchHub, WatchOrder } from './watch-hub.ts';

/** They last until they are removed, so there must be an end to them. */
const watchLimit = 256;
/** What one call answers at most; the rest comes with the next. */
const answerLimit = 1024;

/** Watches whose events are fetched by calls, and which no connection ends. */
export class PolledWatches {
  readonly #hub: WatchHub;
  readonly #watches = new Map<string, RunningWatch>();
  #starting = 0;

  constructor(hub: WatchHub) {
    this.#hub = hub;
  }

  /** Returns its ID. Throws as `WatchHub.watch`; `rate_limited` when there are too many. */
  async create(order: WatchOrder): Promise<string> {
    if (this.#watches.size + this.#starting >= watchLimit) {
      throw new WrennError('rate_limited', `there are ${watchLimit} watchers already`, {
        remedy: 'remove those that nobody asks any more',
      });
    }
    this.#starting += 1;
    try {
      const watch = await this.#hub.watch(order);
      const id = randomUUID();
      this.#watches.set(id, watch);
      return id;
    } finally {
      this.#starting -= 1;
    }
  }

  /** The oldest events that were not fetched yet. Throws `not_found`; `rate_limited`, once, when some were lost. */
  events(id: string): WatchEvent[] {
    const { events } = this.#find(id);
    const taken = events.take(answerLimit);
    const fault = taken.length === 0 ? events.takeFault() : undefined;
    if (fault !== undefined) throw fault;
    return taken;
  }

  /** Throws `not_found`. */
  remove(id: string): void {
    this.#find(id)[Symbol.dispose]();
    this.#watches.delete(id);
  }

  #find(id: string): RunningWatch {
    const watch = this.#watches.get(id);
    if (watch !== undefined) return watch;
    throw new WrennError('not_found', `there is no watcher ${JSON.stringify(id)}`, {
      field: 'watcher_id',
      remedy: 'create one: watchers end when they are removed, and with the daemon',
    });
  }
}

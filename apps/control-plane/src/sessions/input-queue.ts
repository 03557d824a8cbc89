import { WrennError } from '@wrenn/core';

/** What a client does to a terminal, in its order. */
export type Deed =
  | { readonly kind: 'input'; readonly data: Buffer; readonly offset: bigint }
  | { readonly kind: 'resize'; readonly cols: number; readonly rows: number }
  | { readonly kind: 'kill' };

/** The most that one call carries. */
const mostInputBytes = 64 * 1024;
/** What may wait while a call is under way; beyond either, `add` waits. */
const mostDeeds = 256;
const mostBytes = 1024 * 1024;

/**
 * Deeds that wait for the call before them. Keystrokes that were typed meanwhile go in one call, and of sizes that
 * follow each other only the last counts; nothing else is merged, reordered or dropped.
 */
export class InputQueue {
  #deeds: Deed[] = [];
  #bytes = 0;
  #state: 'open' | 'ended' = 'open';
  #changed = Promise.withResolvers<void>();

  get isEmpty(): boolean {
    return this.#deeds.length === 0;
  }

  /** Waits while the queue is full. */
  async add(deed: Deed, signal: AbortSignal): Promise<void> {
    while (this.#deeds.length >= mostDeeds || this.#bytes >= mostBytes) await this.#change(signal);
    this.#deeds.push(deed);
    this.#bytes += sizeOf(deed);
    this.#tell();
  }

  /** No more is added: `next` gives what is there, and then nothing. */
  end(): void {
    this.#state = 'ended';
    this.#tell();
  }

  /** The next thing to do, which stays first until `done`; undefined after the end. */
  async next(signal: AbortSignal): Promise<Deed | undefined> {
    while (this.#deeds.length === 0) {
      if (this.#state === 'ended') return undefined;
      await this.#change(signal);
    }
    this.#merge();
    return this.#deeds[0];
  }

  /** The first was done. */
  done(): void {
    const deed = this.#deeds.shift();
    this.#bytes -= deed === undefined ? 0 : sizeOf(deed);
    this.#tell();
  }

  /** Settles at the next addition or removal. */
  async #change(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const aborted = Promise.withResolvers<never>();
    const stop = () => aborted.reject(WrennError.from(signal.reason, 'waiting for input'));
    signal.addEventListener('abort', stop, { once: true });
    try {
      await Promise.race([this.#changed.promise, aborted.promise]);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  #merge(): void {
    const [first] = this.#deeds;
    if (first === undefined || first.kind === 'kill') return;
    let count = 1;
    let bytes = sizeOf(first);
    for (const deed of this.#deeds.slice(1)) {
      if (deed.kind !== first.kind || bytes + sizeOf(deed) > mostInputBytes) break;
      if (first.kind === 'input' && deed.kind === 'input' && deed.offset !== first.offset + BigInt(bytes))
        break;
      bytes += sizeOf(deed);
      count += 1;
    }
    if (count === 1) return;
    const merged = this.#deeds.splice(0, count);
    const last = merged.at(-1);
    if (first.kind === 'input')
      this.#deeds.unshift({ ...first, data: Buffer.concat(merged.flatMap(dataOf)) });
    else if (last !== undefined) this.#deeds.unshift(last);
  }
}

function sizeOf(deed: Deed): number {
  return deed.kind === 'input' ? deed.data.length : 0;
}

function dataOf(deed: Deed): Buffer[] {
  return deed.kind === 'input' ? [deed.data] : [];
}

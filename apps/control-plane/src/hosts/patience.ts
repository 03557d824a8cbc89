import { unlessSilent, WrennError } from '@wrenn/core';

/**
 * Waits for what a host answers in its own time. When it has said nothing for a while it is asked whether it is there; one
 * that does not say so is out of reach, and what it was asked is ended.
 */
export class Patience {
  readonly #ask: () => Promise<unknown>;
  readonly #ms: number;
  #asking: Promise<void> | undefined;

  /** `ask` throws when the host did not answer in time; it is asked after `ms` without an answer. */
  constructor(ask: () => Promise<unknown>, ms: number) {
    this.#ask = ask;
    this.#ms = ms;
  }

  /** The answer to a call that ends when the signal that it is given aborts. */
  async answer<T>(make: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    const over = new AbortController();
    try {
      return await this.#wait(make(AbortSignal.any([signal, over.signal])));
    } finally {
      over.abort();
    }
  }

  /** A stream, of which the first message is waited for so, as long as its consumer stays; nothing is read ahead of it. */
  async *stream<T>(
    open: (signal: AbortSignal) => AsyncIterable<T>,
    signal: AbortSignal,
  ): AsyncGenerator<T, void> {
    const over = new AbortController();
    try {
      const messages = open(AbortSignal.any([signal, over.signal]))[Symbol.asyncIterator]();
      let next = await this.#wait(messages.next());
      for (; next.done !== true; next = await messages.next()) yield next.value;
    } finally {
      over.abort();
    }
  }

  #wait<T>(answer: Promise<T>): Promise<T> {
    return unlessSilent(answer, this.#ms, () => this.#check());
  }

  #check(): Promise<void> {
    // Of however many that wait, one asks.
    this.#asking ??= this.#whetherThere().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #whetherThere(): Promise<void> {
    try {
      await this.#ask();
    } catch (cause) {
      throw new WrennError('host_unavailable', 'the host does not answer', {
        cause,
        remedy: 'try again; if it stays so, look at the host-agent on that host',
      });
    }
  }
}

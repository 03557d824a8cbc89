import { WrennError } from '@wrenn/core';
import type { Standstill } from './standstill.ts';

/** Whether a guest is there, by a question that it answers at once however busy it is. */
export class Presence {
  readonly #standstill: Standstill;
  readonly #ask: () => Promise<void>;
  #asking: Promise<void> | undefined;

  /** `ask` throws when nothing came for too long. */
  constructor(standstill: Standstill, ask: () => Promise<void>) {
    this.#standstill = standstill;
    this.#ask = ask;
  }

  /**
   * Throws `host_unavailable` when the guest is silent. One that stands still for a snapshot may be, and is not asked: a
   * connection less for its copy.
   */
  async check(): Promise<void> {
    if (this.#standstill.isOn) return;
    const { begun } = this.#standstill;
    // Of however many that wait, one asks.
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    try {
      await this.#asking;
    } catch (cause) {
      if (this.#standstill.begun !== begun) return;
      throw new WrennError('host_unavailable', 'the guest does not answer', { cause, remedy: 'try again' });
    }
  }
}

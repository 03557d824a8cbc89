import { abortable } from '@wrenn/core';

/** Whether a guest stands still for a copy of it, when it would refuse calls, and who waits until it goes on. */
export class Standstill {
  #on: PromiseWithResolvers<void> | undefined;
  #begun = 0;

  get isOn(): boolean {
    return this.#on !== undefined;
  }

  /** How often there was one: who looks twice knows whether one has begun meanwhile. */
  get begun(): number {
    return this.#begun;
  }

  begin(): void {
    if (this.#on !== undefined) return;
    this.#begun += 1;
    this.#on = Promise.withResolvers<void>();
    // Nobody may be waiting for it.
    this.#on.promise.catch(() => undefined);
  }

  end(): void {
    this.#on?.resolve();
    this.#on = undefined;
  }

  /** It goes on no more: `reason` is what those who wait are told, and those who come. */
  abandon(reason: Error): void {
    this.#on?.reject(reason);
  }

  /** Settles when the guest does not stand still. */
  async over(signal: AbortSignal): Promise<void> {
    if (this.#on !== undefined) await abortable(this.#on.promise, signal);
  }
}

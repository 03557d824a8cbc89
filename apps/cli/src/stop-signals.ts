import { WrennError } from '@wrenn/core';

const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** npm passes on the Ctrl-C that the terminal sends to every process anyway: two signals at once are one wish. */
const sameWishMs = 1_000;

/** The wish to stop: the first signal aborts `signal`; a later one, of somebody who does not want to wait, insists. */
export class StopSignals implements Disposable {
  readonly #controller = new AbortController();
  readonly #insist: (name: NodeJS.Signals) => void;
  readonly #now: () => number;
  #firstAt: number | undefined;

  constructor(insist: (name: NodeJS.Signals) => void, now: () => number = () => performance.now()) {
    this.#insist = insist;
    this.#now = now;
    for (const name of names) process.on(name, this.#receive);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** As a first signal does it, from within. */
  stop(why: string): void {
    this.#controller.abort(new WrennError('cancelled', why));
  }

  /** Settles at the first signal. */
  async wanted(): Promise<void> {
    if (this.signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.signal.addEventListener('abort', () => resolve(), { once: true });
    await promise;
  }

  [Symbol.dispose](): void {
    for (const name of names) process.off(name, this.#receive);
  }

  readonly #receive = (name: NodeJS.Signals): void => {
    if (this.#firstAt === undefined) {
      this.#firstAt = this.#now();
      this.stop('interrupted');
    } else if (this.#now() - this.#firstAt > sameWishMs) {
      this.#insist(name);
    }
  };
}

/** One step of an operation and how long it took. */
export interface TimedStep {
  readonly name: string;
  readonly durationMs: number;
}

/** Remembers what an operation spent its time on, for its result to say. */
export class Stopwatch {
  readonly #steps: TimedStep[] = [];

  get steps(): readonly TimedStep[] {
    return this.#steps;
  }

  async time<T>(name: string, work: () => Promise<T>): Promise<T> {
    const began = performance.now();
    try {
      return await work();
    } finally {
      this.#steps.push({ name, durationMs: performance.now() - began });
    }
  }
}

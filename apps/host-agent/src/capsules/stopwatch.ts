import { span } from '@wrenn/service';
import { observeStep } from '../metrics/metrics.ts';

/** What is measured; a small fixed set. */
export type Operation = 'create' | 'resume' | 'pause' | 'snapshot' | 'fork' | 'image';

/** One step of an operation and how long it took. */
export interface TimedStep {
  readonly name: string;
  readonly durationMs: number;
}

/** Remembers what an operation spent its time on, for its result, the metrics and the trace to say. */
export class Stopwatch {
  readonly #operation: Operation;
  readonly #steps: TimedStep[] = [];

  constructor(operation: Operation) {
    this.#operation = operation;
  }

  get steps(): readonly TimedStep[] {
    return this.#steps;
  }

  async time<T>(name: string, work: () => Promise<T>): Promise<T> {
    const began = performance.now();
    try {
      return await span(`${this.#operation}: ${name}`, {}, work);
    } finally {
      const durationMs = performance.now() - began;
      this.#steps.push({ name, durationMs });
      observeStep(this.#operation, name, durationMs / 1000);
    }
  }
}

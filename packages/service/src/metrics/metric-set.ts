import { abortable, describeError, WrennError } from '@wrenn/core';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What a metric says of itself in the documentation. */
export interface MetricFacts {
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
}

/** Something that is counted only when it is asked for. */
interface Look {
  /** Those that it sets: they have no values where it fails, since old ones would be taken for new. */
  readonly gauges: readonly Gauge<string>[];
  readonly take: (signal: AbortSignal) => Promise<void> | void;
  /** Set while it has not ended, also when nobody waits for it any more. */
  running: Promise<void> | undefined;
}

/** In seconds: from what a database answers to what a large capsule takes to be paused. */
const operationBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 180, 600];

/**
 * Metrics that belong together, of one process. Label values come from small fixed sets: never IDs, names that users
 * choose, or addresses, since each value is a series for as long as the process runs.
 */
export class MetricSet {
  readonly registry = new Registry();
  readonly #facts: MetricFacts[] = [];
  readonly #looks = new Set<Look>();

  get facts(): readonly MetricFacts[] {
    return this.#facts;
  }

  counter<L extends string = never>(name: string, help: string, labels: readonly L[] = []): Counter<L> {
    this.#facts.push({ name, kind: 'counter', help, labels });
    return new Counter({ name, help, labelNames: labels, registers: [this.registry] });
  }

  gauge<L extends string = never>(name: string, help: string, labels: readonly L[] = []): Gauge<L> {
    this.#facts.push({ name, kind: 'gauge', help, labels });
    return new Gauge({ name, help, labelNames: labels, registers: [this.registry] });
  }

  histogram<L extends string = never>(
    name: string,
    help: string,
    labels: readonly L[] = [],
    buckets: readonly number[] = operationBuckets,
  ): Histogram<L> {
    this.#facts.push({ name, kind: 'histogram', help, labels });
    return new Histogram({
      name,
      help,
      labelNames: labels,
      buckets: [...buckets],
      registers: [this.registry],
    });
  }

  /** Has `take` set the gauges each time that they are asked for, until it is disposed of. */
  whenAsked<L extends string>(gauges: readonly Gauge<L>[], take: Look['take']): Disposable {
    const look: Look = { gauges: gauges as readonly Gauge<string>[], take, running: undefined };
    this.#looks.add(look);
    return {
      [Symbol.dispose]: () => {
        this.#looks.delete(look);
        for (const gauge of gauges) gauge.reset();
      },
    };
  }

  /** Has all of it counted that is counted only when asked for. What fails is left out, and told to `onFault`. */
  async refresh(signal: AbortSignal, onFault: (cause: string) => void): Promise<void> {
    await Promise.all([...this.#looks].map((look) => refreshLook(look, signal, onFault)));
  }
}

async function refreshLook(look: Look, signal: AbortSignal, onFault: (cause: string) => void): Promise<void> {
  try {
    // One that outlived its last deadline must not be joined by another: it may be what keeps the database busy.
    if (look.running !== undefined) throw new WrennError('busy', 'the last count has not ended yet');
    for (const gauge of look.gauges) gauge.reset();
    const running = Promise.resolve(look.take(signal));
    look.running = running;
    running.then(
      () => {
        look.running = undefined;
      },
      () => {
        look.running = undefined;
      },
    );
    await abortable(running, signal);
  } catch (thrown) {
    for (const gauge of look.gauges) gauge.reset();
    onFault(describeError(thrown));
  }
}

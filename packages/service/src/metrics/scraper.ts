import { deadline } from '@wrenn/core';
import { Registry } from 'prom-client';
import type { Logger } from '../logger.ts';
import type { MetricSet } from './metric-set.ts';
import { processMetrics } from './process-metrics.ts';

/** Shorter than Prometheus waits for an answer. */
const lookMs = 5_000;

export interface ScraperOptions {
  /** Of the process, as its log names it. */
  readonly name: string;
  readonly version: string;
  readonly sets: readonly MetricSet[];
  readonly log: Logger;
}

/** All metrics as text. Whoever asks while that is being made gets the same: a second scraper costs nothing. */
export function scraper({ name, version, sets, log }: ScraperOptions): () => Promise<string> {
  const { set: own, failedLooks } = processMetrics(name, version);
  const merged = Registry.merge([own, ...sets].map(({ registry }) => registry));
  const onFault = (cause: string) => {
    failedLooks.inc();
    log.warn({ cause }, 'something could not be counted for the metrics');
  };
  const make = async () => {
    using limit = deadline(lookMs, 'counting for the metrics');
    await Promise.all(sets.map((set) => set.refresh(limit, onFault)));
    return await merged.metrics();
  };
  let current: Promise<string> | undefined;
  return () => {
    current ??= make().finally(() => {
      current = undefined;
    });
    return current;
  };
}

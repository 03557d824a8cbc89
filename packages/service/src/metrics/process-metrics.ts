import { collectDefaultMetrics } from 'prom-client';
import { MetricSet } from './metric-set.ts';

/** What every process tells of itself. */
export interface ProcessMetrics {
  readonly set: MetricSet;
  readonly failedLooks: { inc(): void };
}

/**
 * Memory, processor time, event loop and garbage collection, under the names that prom-client gives them, with what says
 * which process it is. Begins to measure the event loop.
 */
export function processMetrics(name: string, version: string): ProcessMetrics {
  const set = new MetricSet();
  collectDefaultMetrics({ register: set.registry });
  const info = set.gauge('wrenn_process_info', 'Which of the processes this is, and its version. Always 1.', [
    'name',
    'version',
  ]);
  info.set({ name, version }, 1);
  const failedLooks = set.counter(
    'wrenn_metrics_failed_looks_total',
    'Scrapes in which something could not be counted, as when the database does not answer in time.',
  );
  return { set, failedLooks };
}

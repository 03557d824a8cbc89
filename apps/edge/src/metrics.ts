import { forwardMetrics } from '@wrenn/forward';
import { MetricSet } from '@wrenn/service';
import type { RefusalKind } from './refusal/refusal.ts';

const edgeMetrics = new MetricSet();

/** What the edge's process tells. */
export const edgeMetricSets: readonly MetricSet[] = [edgeMetrics, forwardMetrics];

/** Whom a request was for, as far as it could be told. */
export type RequestGoal = 'capsule' | 'api' | 'itself' | 'remember' | 'unknown';
/** `gone`: the client left before there was an answer. Of the others, why there was none from where it should go. */
export type RequestOutcome = 'passed' | 'gone' | 'fault' | RefusalKind;

const requests = edgeMetrics.counter(
  'wrenn_edge_requests_total',
  'Requests, and connections that were to become something else, by what became of them.',
  ['kind', 'to', 'outcome'],
);
const wakes = edgeMetrics.histogram(
  'wrenn_edge_reach_seconds',
  'Until the way to a capsule was known that was not known yet; with its resume, where it slept.',
  ['outcome'],
);

export function countRequest(kind: 'request' | 'upgrade', to: RequestGoal, outcome: RequestOutcome): void {
  requests.inc({ kind, to, outcome });
}

/** Measures how long it takes to find the way to a capsule. */
export async function timeReach<T>(work: () => Promise<T>): Promise<T> {
  const end = wakes.startTimer();
  try {
    const found = await work();
    end({ outcome: 'found' });
    return found;
  } catch (thrown) {
    end({ outcome: 'not_found' });
    throw thrown;
  }
}

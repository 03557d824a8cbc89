import { MetricSet } from '@wrenn/service';
import type { ForwardFaultKind } from './forward-fault.ts';
import type { Hop } from './hop.ts';

/** What whoever passes requests on counts: the edge and the relays, each in its own process. */
export const forwardMetrics = new MetricSet();

const exchanges = forwardMetrics.gauge(
  'wrenn_forward_exchanges_open',
  'Requests, bodies of files and tunnels that are under way.',
);
const bytes = forwardMetrics.counter(
  'wrenn_forward_bytes_total',
  'Bytes that moved between here and clients, counted when an exchange ends.',
);
const connects = forwardMetrics.histogram(
  'wrenn_forward_connect_seconds',
  'Until a new connection to the next hop could be used, with TLS where it has that.',
  ['hop'],
  [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 2.5, 10],
);
const answers = forwardMetrics.histogram(
  'wrenn_forward_answer_seconds',
  'From a request that is passed on to the head of its answer, retries included.',
  ['hop', 'status'],
  [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60],
);
const retries = forwardMetrics.counter(
  'wrenn_forward_retries_total',
  'Requests that were sent again: to a port that was closed, or by a new connection in the place of one that ended.',
  ['hop', 'cause'],
);
const faults = forwardMetrics.counter(
  'wrenn_forward_faults_total',
  'Requests that did not reach the next hop, or whose answer did not come back.',
  ['hop', 'fault'],
);

export const forwardCounts = {
  opened(): void {
    exchanges.inc();
  },
  ended(moved: number): void {
    exchanges.dec();
    if (moved > 0) bytes.inc(moved);
  },
  connected(hop: Hop, beganMs: number): void {
    connects.observe({ hop }, secondsSince(beganMs));
  },
  answered(hop: Hop, status: number, beganMs: number): void {
    answers.observe({ hop, status: `${Math.floor(status / 100)}xx` }, secondsSince(beganMs));
  },
  repeated(hop: Hop, cause: 'closed' | 'stale'): void {
    retries.inc({ hop, cause });
  },
  failed(hop: Hop, fault: ForwardFaultKind): void {
    faults.inc({ hop, fault });
  },
};

function secondsSince(beganMs: number): number {
  return (performance.now() - beganMs) / 1000;
}

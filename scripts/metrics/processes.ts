import { type MetricSet, processMetrics } from '@wrenn/service';
import { controlPlaneMetricSets, sessionsMetricSets } from '../../apps/control-plane/src/metrics/metrics.ts';
import { edgeMetricSets } from '../../apps/edge/src/metrics.ts';
import { agentMetricSets, relayMetricSets } from '../../apps/host-agent/src/metrics/metrics.ts';

/** A process and what its /metrics has. */
export interface MeasuredProcess {
  readonly title: string;
  readonly sets: readonly MetricSet[];
}

export const processes: readonly MeasuredProcess[] = [
  { title: 'control-plane', sets: controlPlaneMetricSets },
  { title: 'sessions', sets: sessionsMetricSets },
  { title: 'edge', sets: edgeMetricSets },
  { title: 'host-agent', sets: agentMetricSets },
  { title: 'relay', sets: relayMetricSets },
];

/** What all of them have; with what prom-client tells of Node. */
export function commonMetrics(): MetricSet {
  return processMetrics('any', '').set;
}

import { forwardMetrics } from '@wrenn/forward';
import { MetricSet, type Outcome } from '@wrenn/service';

const agentMetrics = new MetricSet();
/** Of what a relay decides itself; what it passes on is counted by `forwardMetrics`. */
const relayMetrics = new MetricSet();

export const agentMetricSets: readonly MetricSet[] = [agentMetrics];
export const relayMetricSets: readonly MetricSet[] = [relayMetrics, forwardMetrics];

/** Makes gauges that are counted when they are asked for. */
export const agentGauges = {
  set: agentMetrics,
  capsules: agentMetrics.gauge('wrenn_agent_capsules', 'Capsules of this host by what they are here.', [
    'state',
  ]),
  machines: agentMetrics.gauge('wrenn_agent_machines', 'Virtual machines that run, by engine.', ['engine']),
  machineMemory: agentMetrics.gauge(
    'wrenn_agent_machine_memory_bytes',
    'Memory of all VMMs and page servers: resident, and of that what is theirs alone. Pages of a template are in the first as often as they are mapped.',
    ['kind'],
  ),
  slots: agentMetrics.gauge(
    'wrenn_agent_network_slots',
    'Network slots: owned by capsules, kept ready, and how many there may be.',
    ['state'],
  ),
  memory: agentMetrics.gauge('wrenn_agent_host_memory_bytes', "The host's memory, as its kernel says.", [
    'kind',
  ]),
  disk: agentMetrics.gauge('wrenn_agent_host_disk_bytes', 'The file system of WRENN_DIR.', ['kind']),
  draining: agentMetrics.gauge('wrenn_agent_draining', 'Whether the host takes on no more capsules.'),
};

export const agentCalls = agentMetrics.histogram(
  'wrenn_agent_call_seconds',
  'Calls of the control plane, by method. Of streams: until they began.',
  ['method', 'outcome'],
);
const steps = agentMetrics.histogram(
  'wrenn_agent_step_seconds',
  'Steps of operations on capsules, as they are in the answers of the API.',
  ['operation', 'step'],
);
const machineExits = agentMetrics.counter(
  'wrenn_agent_machine_exits_total',
  'Virtual machines that ended by themselves: each is a capsule in error.',
);
const relayRequests = relayMetrics.counter(
  'wrenn_relay_requests_total',
  'Requests to the relay, for ports and for bodies of files, by what became of them.',
  ['for', 'outcome'],
);
export const templateBoots = agentMetrics.histogram(
  'wrenn_agent_template_boot_seconds',
  'Boots of templates: each shape once, before the first capsule of it.',
  ['outcome'],
);

export function observeStep(operation: string, step: string, seconds: number): void {
  steps.observe({ operation, step }, seconds);
}

export function countMachineExit(): void {
  machineExits.inc();
}

/** `not_reached`: the port or its capsule. `broken`: not all of a body was moved. */
export type RelayOutcome = Outcome | 'not_reached' | 'broken';

export function countRelayed(what: 'port' | 'body', outcome: RelayOutcome): void {
  relayRequests.inc({ for: what, outcome });
}

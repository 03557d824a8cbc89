import { MetricSet } from '@wrenn/service';

/** Of the API and what works beside it. */
const apiMetrics = new MetricSet();
/** Of each process that has connections to the database. */
const databaseMetrics = new MetricSet();
/** Of the process that serves terminals and streams. */
const socketMetrics = new MetricSet();

export const controlPlaneMetricSets: readonly MetricSet[] = [apiMetrics, databaseMetrics];
export const sessionsMetricSets: readonly MetricSet[] = [socketMetrics, databaseMetrics];

/** Times of answers: from those of memory to those that wait for a machine. */
const requestBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60];

export const httpRequests = apiMetrics.histogram(
  'wrenn_http_request_seconds',
  'Requests to the API by the pattern of their route; streams last as long as somebody reads.',
  ['method', 'route', 'status'],
  requestBuckets,
);
export const httpUnderWay = apiMetrics.gauge(
  'wrenn_http_requests_open',
  'Requests to the API that are not answered yet.',
);
export const capsuleOperations = apiMetrics.histogram(
  'wrenn_capsule_operation_seconds',
  'Operations on capsules, from the request to the end, by how they ended. Their steps are measured by the agents.',
  ['operation', 'outcome'],
);
export const scheduling = apiMetrics.histogram(
  'wrenn_capsule_schedule_seconds',
  'Choosing a host for a capsule and writing that down.',
  ['outcome'],
  requestBuckets,
);
export const mails = apiMetrics.counter('wrenn_mails_total', 'Attempts to hand a mail to the mail server.', [
  'outcome',
]);
export const deliveries = apiMetrics.counter(
  'wrenn_channel_deliveries_total',
  'Attempts to tell a channel of an event.',
  ['provider', 'outcome'],
);
export const workerFailures = apiMetrics.counter(
  'wrenn_worker_failures_total',
  'Times that background work failed as a whole and was started again.',
  ['worker'],
);

/** What all replicas know alike: it is read from the database, so each of them says the same. */
export const stateGauges = {
  set: apiMetrics,
  capsules: apiMetrics.gauge(
    'wrenn_capsules',
    'Capsules by state; those that were destroyed are not counted.',
    ['state'],
  ),
  hosts: apiMetrics.gauge('wrenn_hosts', 'Hosts by state.', ['state']),
  vcpus: apiMetrics.gauge(
    'wrenn_host_vcpus',
    'Virtual processors: reserved by capsules, and of hosts that are online.',
    ['kind'],
  ),
  memory: apiMetrics.gauge(
    'wrenn_host_memory_bytes',
    'Memory: reserved by capsules, and of hosts that are online.',
    ['kind'],
  ),
  builds: apiMetrics.gauge('wrenn_builds', 'Builds of templates that are not over, by state.', ['state']),
  jobs: apiMetrics.gauge('wrenn_jobs_running', 'Operations on capsules that are under way, by kind.', [
    'kind',
  ]),
  queues: apiMetrics.gauge('wrenn_queue_depth', 'What waits in the queues, or is being done.', [
    'queue',
    'state',
  ]),
};

export const databaseGauges = {
  set: databaseMetrics,
  connections: databaseMetrics.gauge(
    'wrenn_database_connections',
    "This process's connections to the database.",
    ['state'],
  ),
  waiting: databaseMetrics.gauge(
    'wrenn_database_waiting',
    'Queries of this process that wait for a connection.',
  ),
};

export const agentCalls = apiMetrics.histogram(
  'wrenn_host_call_seconds',
  "Calls to hosts' agents, by method. Of streams: until they began.",
  ['method', 'outcome'],
);

export const sockets = {
  open: socketMetrics.gauge('wrenn_sockets_open', 'WebSockets that are open, by what they are for.', [
    'socket',
  ]),
  ended: socketMetrics.counter(
    'wrenn_sockets_total',
    'WebSockets that ended, by what they were for and how.',
    ['socket', 'outcome'],
  ),
  bytes: socketMetrics.counter(
    'wrenn_socket_bytes_total',
    'What moved by WebSockets: in from clients, out to them.',
    ['direction'],
  ),
};

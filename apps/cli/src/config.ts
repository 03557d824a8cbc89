import { type Config, setting, settingType } from '@wrenn/core';

function metricsOf(variable: string, fallback: string, whose: string) {
  const doc = `Address and port of /metrics of ${whose}, for Prometheus, without any protection of its own; or off.`;
  return setting(variable, settingType.listenAddressOrOff, fallback, doc);
}

/** What `wrenn up` reads itself; the processes that it starts read the same environment. */
export const settings = {
  directory: setting(
    'WRENN_DIR',
    settingType.text,
    '/var/lib/wrenn',
    'Where capsules, templates and keys are kept.',
  ),
  cacheDirectory: setting(
    'WRENN_CACHE_DIR',
    settingType.text,
    '/var/cache/wrenn',
    'Where images are kept. They are named by the hash of their recipe, so installations can share them.',
  ),
  apiAddress: setting(
    'WRENN_CP_LISTEN_ADDR',
    settingType.listenAddress,
    '127.0.0.1:8080',
    'Address and port of the API and the dashboard.',
  ),
  edgeAddress: setting(
    'WRENN_EDGE_LISTEN_ADDR',
    settingType.listenAddress,
    '127.0.0.1:8081',
    'Address and port for traffic to capsules.',
  ),
  agentAddress: setting(
    'WRENN_HOST_LISTEN_ADDR',
    settingType.listenAddress,
    '127.0.0.1:50051',
    'Address and port of the RPC that the control plane calls, with mutual TLS.',
  ),
  relayAddress: setting(
    'WRENN_RELAY_LISTEN_ADDR',
    settingType.listenAddress,
    '127.0.0.1:50052',
    "Address and port of the host-agent's relay, for files and ports of capsules, with mutual TLS.",
  ),
  controlPlaneMetrics: metricsOf('WRENN_CP_METRICS_ADDR', '127.0.0.1:9471', 'the control plane'),
  sessionsMetrics: metricsOf('WRENN_SESSIONS_METRICS_ADDR', '127.0.0.1:9472', 'its process of sessions'),
  edgeMetrics: metricsOf('WRENN_EDGE_METRICS_ADDR', '127.0.0.1:9473', 'the edge'),
  agentMetrics: metricsOf('WRENN_HOST_METRICS_ADDR', '127.0.0.1:9474', 'the host agent'),
  relayMetrics: metricsOf('WRENN_RELAY_METRICS_ADDR', '127.0.0.1:9475', 'its relay'),
  databaseUrl: setting(
    'DATABASE_URL',
    settingType.text,
    '',
    'A PostgreSQL (15 or later) to use instead of the embedded one.',
  ),
};
export type UpConfig = Config<typeof settings>;

/** What the client commands read; the flags `--url` and `--api-key` go first. */
export const clientSettings = {
  directory: settings.directory,
  baseUrl: setting(
    'WRENN_BASE_URL',
    settingType.text,
    '',
    'Address of the API for the commands of `wrenn`; by default that of the installation on this machine.',
  ),
  apiKey: setting(
    'WRENN_API_KEY',
    settingType.text,
    '',
    'API key for the commands of `wrenn`; by default that of the installation on this machine.',
  ),
  adminEmail: setting(
    'WRENN_ADMIN_EMAIL',
    settingType.text,
    'admin@localhost',
    'Address of the administrator whose password is in `WRENN_DIR/admin-password`, for `--platform`.',
  ),
};
export type ClientConfig = Config<typeof clientSettings>;

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { UpConfig } from '../config.ts';
import { formatAddress, localUrl } from './listen-address.ts';
import type { ServiceSpec } from './service-process.ts';

/** The programs of one installation, and where it keeps things. */
export interface Programs {
  readonly setup: ServiceSpec;
  /** Builds the pages that the control plane serves. */
  readonly dashboard: ServiceSpec;
  readonly selftest: ServiceSpec;
  readonly agent: ServiceSpec;
  readonly edge: ServiceSpec;
  /** These need the address of the database. */
  readonly bootstrap: (databaseUrl: string) => ServiceSpec;
  readonly controlPlane: (databaseUrl: string) => ServiceSpec;
  /** Something that the control plane's program does once, as `admin create`. */
  readonly task: (databaseUrl: string, argv: readonly [string, ...string[]]) => ServiceSpec;
}

export function logDirectory(config: UpConfig): string {
  return join(config.directory, 'logs');
}

/** The address of the API for clients on this machine; written to `WRENN_DIR/address`. */
export function apiUrl(config: UpConfig): string {
  return localUrl(config.apiAddress);
}

/**
 * The programs as they stand in this checkout. Settings that the supervisor has read are handed on explicitly, so
 * that all of them agree; the rest of the environment passes through.
 */
export function programsOf(config: UpConfig, environment: NodeJS.ProcessEnv): Programs {
  const agentAddress = formatAddress(config.agentAddress);
  const common = {
    ...environment,
    WRENN_DIR: config.directory,
    WRENN_CACHE_DIR: config.cacheDirectory,
    WRENN_CP_LISTEN_ADDR: formatAddress(config.apiAddress),
    WRENN_EDGE_LISTEN_ADDR: formatAddress(config.edgeAddress),
    WRENN_HOST_LISTEN_ADDR: agentAddress,
    WRENN_RELAY_LISTEN_ADDR: formatAddress(config.relayAddress),
    WRENN_CP_URL: apiUrl(config),
    WRENN_EDGE_URL: environment['WRENN_EDGE_URL'] || `http://localhost:${config.edgeAddress.port}`,
    // Compiled code is kept between starts, which halves the time that a process needs to come up.
    NODE_COMPILE_CACHE: join(config.cacheDirectory, 'compiled'),
  };
  const program = (name: string, app: string, command: readonly string[], more = {}): ServiceSpec => ({
    name,
    nodeOptions: recordsTraces(environment) ? ['--import', traceRecorder] : [],
    argv: [fileOf(`${app}/src/main.ts`), ...command],
    environment: { ...common, OTEL_SERVICE_NAME: `wrenn-${name}`, ...more },
    logDirectory: logDirectory(config),
  });
  return {
    dashboard: { ...program('dashboard', 'dashboard', []), argv: [fileOf('dashboard/build/main.ts')] },
    setup: program('setup', 'host-agent', ['setup']),
    selftest: program('selftest', 'host-agent', ['selftest']),
    agent: program('host-agent', 'host-agent', ['serve']),
    edge: program('edge', 'edge', []),
    bootstrap: (databaseUrl) =>
      program('bootstrap', 'control-plane', ['bootstrap', '--first-admin', '--host-address', agentAddress], {
        DATABASE_URL: databaseUrl,
      }),
    controlPlane: (databaseUrl) =>
      program('control-plane', 'control-plane', [], {
        DATABASE_URL: databaseUrl,
        WRENN_DASHBOARD_DIR: environment['WRENN_DASHBOARD_DIR'] || fileOf('dashboard/dist'),
      }),
    task: (databaseUrl, argv) => program(argv[0], 'control-plane', argv, { DATABASE_URL: databaseUrl }),
  };
}

/** Its SDK costs each process time at its start and memory, so it is loaded only where somebody collects what it records. */
const traceRecorder = new URL('../../../../packages/service/src/tracing/register.ts', import.meta.url).href;

function recordsTraces(environment: NodeJS.ProcessEnv): boolean {
  return (environment['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? '') !== '';
}

/** By its path below `apps`. */
function fileOf(path: string): string {
  return fileURLToPath(new URL(`../../../${path}`, import.meta.url));
}

import './rpc/fast-base64.ts';
import { userInfo } from 'node:os';
import { describeError, WrennError } from '@wrenn/core';
import { closeOnExecFrom, forgetCodePages } from '@wrenn/sys';
import { AccessControl } from './access/access-control.ts';
import { archiveRoutes } from './archive/routes.ts';
import { fileRoutes } from './files/routes.ts';
import { type Flags, parseFlags } from './flags.ts';
import type { Daemon } from './guest/daemon.ts';
import { capsuleMachine } from './guest/machine.ts';
import { initialSettings } from './guest/settings.ts';
import { ConnectionTracker } from './http/connections.ts';
import { healthRoute } from './http/health.ts';
import { createRouter } from './http/router.ts';
import { listen } from './http/server.ts';
import { initRoute } from './init/route.ts';
import { log, logFault } from './log.ts';
import { MetadataReader } from './metadata-service/metadata-reader.ts';
import { metricsRoutes } from './metrics/routes.ts';
import { choosePorts } from './ports/choose-ports.ts';
import { portRoutes } from './ports/routes.ts';
import { standardPath } from './process/environment.ts';
import { inputRoute } from './process/input-route.ts';
import { ProcessTable } from './process/process-table.ts';
import { findTerminalLauncher } from './process/terminal-launcher.ts';
import { rpcListener } from './rpc/rpc-listener.ts';
import { snapshotRoutes } from './snapshot/routes.ts';
import { Accounts } from './users/accounts.ts';
import { version } from './version.ts';
import { capsuleWorkload } from './workload/capsule-workload.ts';
import { unplaced } from './workload/workload.ts';

async function main(): Promise<void> {
  const flags = parseFlags(process.argv.slice(2));
  // Standard input, output and error are replaced in each child; what else came from our parent is not theirs.
  closeOnExecFrom(3);
  if (flags.mode === 'standalone') {
    log(
      'WARNING: standalone: whoever reaches this port, pages in your browser too, runs programs as you without a token',
    );
  }
  const daemon = createDaemon(flags);
  const routes = [
    healthRoute,
    inputRoute(daemon),
    initRoute(daemon, flags.mode),
    ...snapshotRoutes(daemon, flags.mode),
    ...fileRoutes(daemon),
    ...archiveRoutes(daemon),
    ...metricsRoutes(daemon),
    ...portRoutes(),
  ];
  const handler = createRouter(routes, daemon.access, rpcListener(daemon));
  const { server, address } = await listen(handler, daemon.connections, flags);
  if (flags.mode === 'standalone') daemon.ports.start();
  // From here on it idles, in as many copies as there are capsules.
  forgetCodePages();
  log('listening', { version, host: address.address, port: address.port });
  const stop = () => {
    server.close();
    daemon.connections.closeAll();
    daemon.processes.killAll();
    // Its processes are told to end before the first wait.
    void daemon.ports.stop();
    process.exit(0);
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

function createDaemon(flags: Flags): Daemon {
  const { mode, metadataUrl, cgroupRoot } = flags;
  const placed = mode === 'standalone' ? unplaced : capsuleWorkload(cgroupRoot);
  return {
    settings: initialSettings(mode === 'standalone' ? userInfo().username : 'root'),
    phase: mode === 'standalone' ? 'serving' : 'waiting',
    searchPath: process.env['PATH'] ?? standardPath,
    accounts: new Accounts(),
    access: new AccessControl(mode),
    connections: new ConnectionTracker(),
    processes: new ProcessTable(),
    terminalLauncher: findTerminalLauncher(process.argv[1] ?? ''),
    ...choosePorts(flags, placed),
    machine: capsuleMachine(),
    metadata: new MetadataReader(metadataUrl),
  };
}

// Each request's state is its own: a fault that nobody caught is reported and must not take the capsule's other
// processes and terminals with it.
process.on('uncaughtException', (fault) => logFault('a fault that nobody caught', fault));
process.on('unhandledRejection', (fault) => logFault('a fault that nobody caught', fault));

main().catch((thrown: unknown) => {
  const { message, remedy } = WrennError.from(thrown, `envd could not start: ${describeError(thrown)}`);
  log(message, remedy === undefined ? {} : { remedy });
  process.exit(1);
});

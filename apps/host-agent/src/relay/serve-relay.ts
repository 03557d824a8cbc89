import { join } from 'node:path';
import { Cleanup, describeError } from '@wrenn/core';
import { Catalog, trafficSocket } from '@wrenn/forward';
import { listen, MetricsServer, type RunningService, type ServiceContext } from '@wrenn/service';
import { type AgentConfig, settings } from '../config.ts';
import { relayMetricSets } from '../metrics/metrics.ts';
import { readHostCredentials } from '../rpc/credentials.ts';
import { agentVersion } from '../version.ts';
import { Relay } from './relay.ts';
import { relayServer } from './relay-server.ts';

/** The relay: what comes for ports and files of this host's capsules, with mutual TLS, to the capsules. */
export async function serveRelay(
  config: AgentConfig,
  { log }: Pick<ServiceContext, 'log'>,
): Promise<RunningService> {
  const cleanup = new Cleanup();
  try {
    const metrics = await MetricsServer.start({
      name: 'relay',
      version: agentVersion,
      address: config.relayMetricsAddress,
      variable: settings.relayMetricsAddress.variable,
      sets: relayMetricSets,
      log,
    });
    await cleanup.add('the metrics', () => metrics[Symbol.asyncDispose]());
    const catalog = new Catalog({ socketPath: trafficSocket(config.directory), kind: 'relay', log });
    await cleanup.add('the catalog', () => catalog[Symbol.dispose]());
    const credentials = await readHostCredentials(join(config.directory, 'pki'));
    const server = relayServer(new Relay(catalog, log), credentials);
    server.on('error', (fault) => log.error({ cause: describeError(fault) }, 'the server'));
    const address = await listen(server, config.relayAddress, settings.relayAddress.variable);
    await cleanup.add('the server', async () => {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      server.closeAllConnections();
      await closed.promise;
    });
    return { facts: { address, ...metrics.facts }, stop: () => cleanup.release() };
  } catch (thrown) {
    await cleanup.release();
    throw thrown;
  }
}

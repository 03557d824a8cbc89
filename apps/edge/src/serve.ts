import { Cleanup, describeError } from '@wrenn/core';
import { Catalog, trafficSocket } from '@wrenn/forward';
import { listen, MetricsServer, type RunningService, type ServiceContext } from '@wrenn/service';
import { ControlPlane } from './capsules/facts.ts';
import { FactsCache } from './capsules/facts-cache.ts';
import { Reach } from './capsules/reach.ts';
import { Relays } from './capsules/relays.ts';
import { type EdgeConfig, settings } from './config.ts';
import { Edge } from './edge.ts';
import { type EdgeServer, edgeServer, readTls } from './edge-server.ts';
import { Front } from './front.ts';
import { edgeMetricSets } from './metrics.ts';
import { version } from './version.ts';

/** Serves until it is told to stop; open connections are then closed. */
export async function serve(config: EdgeConfig, { log }: ServiceContext): Promise<RunningService> {
  const cleanup = new Cleanup();
  try {
    const metrics = await MetricsServer.start({
      name: 'edge',
      version,
      address: config.metricsAddress,
      variable: settings.metricsAddress.variable,
      sets: edgeMetricSets,
      log,
    });
    await cleanup.add('the metrics', () => metrics[Symbol.asyncDispose]());
    const catalog = new Catalog({ socketPath: trafficSocket(config.directory), kind: 'edge', log });
    await cleanup.add('the catalog', () => catalog[Symbol.dispose]());
    const relays = new Relays(config.directory);
    await cleanup.add('the relays', () => relays[Symbol.dispose]());
    const controlPlane = new ControlPlane(config.controlPlaneUrl, config.directory);
    const facts = new FactsCache((id) => controlPlane.facts(id), log);
    const reach = new Reach({ catalog, relays, controlPlane, facts, log });
    const front = new Front(config.controlPlaneUrl);
    await cleanup.add('the way to the API', () => front[Symbol.dispose]());
    const tls = await readTls(config);
    const listening = edgeServer(new Edge({ facts, reach, front, outside: config, log }), tls);
    const { server } = listening;
    server.on('error', (fault) => log.error({ cause: describeError(fault) }, 'the server'));
    const address = await listen(server, config.listenAddress, settings.listenAddress.variable);
    await cleanup.add('the server', () => close(listening));
    return {
      facts: { address: `${tls === undefined ? 'http' : 'https'}://${address}`, ...metrics.facts },
      stop: () => cleanup.release(),
    };
  } catch (thrown) {
    await cleanup.release();
    throw thrown;
  }
}

async function close({ server, closeConnections }: EdgeServer): Promise<void> {
  const closed = Promise.withResolvers<void>();
  server.close(() => closed.resolve());
  closeConnections();
  await closed.promise;
}

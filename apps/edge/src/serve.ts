import { createServer, type Server } from 'node:http';
import { Cleanup, describeError } from '@wrenn/core';
import { Catalog, trafficSocket } from '@wrenn/forward';
import { listen, type RunningService, type ServiceContext } from '@wrenn/service';
import { ControlPlane } from './capsules/facts.ts';
import { FactsCache } from './capsules/facts-cache.ts';
import { Reach } from './capsules/reach.ts';
import { Relays } from './capsules/relays.ts';
import { type EdgeConfig, settings } from './config.ts';
import { Edge } from './edge.ts';

/** A client that takes longer to send its headers is cut off (R5). */
const headersMs = 10_000;
/** Longer than load balancers keep idle connections, so that it is never us who closes under a request (R5). */
const idleMs = 620_000;
/** Cookies and tokens of applications grow large. */
const maxHeaderSize = 64 * 1024;

/** Serves until it is told to stop; open connections are then closed. */
export async function serve(config: EdgeConfig, { log }: ServiceContext): Promise<RunningService> {
  const cleanup = new Cleanup();
  try {
    const catalog = new Catalog({ socketPath: trafficSocket(config.directory), kind: 'edge', log });
    await cleanup.add('the catalog', () => catalog[Symbol.dispose]());
    const relays = new Relays(config.directory);
    await cleanup.add('the relays', () => relays[Symbol.dispose]());
    const controlPlane = new ControlPlane(config.controlPlaneUrl, config.directory);
    const facts = new FactsCache((id) => controlPlane.facts(id), log);
    const reach = new Reach({ catalog, relays, controlPlane, facts, log });
    const server = edgeServer(new Edge({ facts, reach, outside: config, log }));
    server.on('error', (fault) => log.error({ cause: describeError(fault) }, 'the server'));
    const address = await listen(server, config.listenAddress, settings.listenAddress.variable);
    await cleanup.add('the server', () => close(server));
    return { facts: { address: `http://${address}` }, stop: () => cleanup.release() };
  } catch (thrown) {
    await cleanup.release();
    throw thrown;
  }
}

/** The server of requests for capsules. Bodies take as long as they take. */
export function edgeServer(edge: Edge): Server {
  const server = createServer({
    headersTimeout: headersMs,
    requestTimeout: 0,
    keepAliveTimeout: idleMs,
    connectionsCheckingInterval: 2_000,
    maxHeaderSize,
    // Else Node would drop the second of some headers, and a program in a capsule see another request than was sent.
    joinDuplicateHeaders: false,
    shouldUpgradeCallback: ({ headers }) => headers.upgrade !== undefined && !isHttp(headers.upgrade),
  });
  server.on('request', (request, response) => void edge.request(request, response));
  // The guest says itself whether it wants the body.
  server.on('checkContinue', (request, response) => void edge.request(request, response));
  server.on('checkExpectation', (request, response) => void edge.request(request, response));
  server.on('upgrade', (request, socket, head) => void edge.upgrade(request, socket, head));
  server.on('connect', (_request, socket) => socket.destroy());
  return server;
}

/** HTTP/2 to the guest would be another protocol than the one that is looked at here. */
function isHttp(protocol: string): boolean {
  return /^(?:h2c?|http\/)/i.test(protocol);
}

async function close(server: Server): Promise<void> {
  const closed = Promise.withResolvers<void>();
  server.close(() => closed.resolve());
  server.closeAllConnections();
  await closed.promise;
}

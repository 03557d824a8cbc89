import { createServer } from 'node:https';
import { join } from 'node:path';
import { Cleanup, describeError } from '@wrenn/core';
import { Catalog, trafficSocket } from '@wrenn/forward';
import { listen, type RunningService, type ServiceContext } from '@wrenn/service';
import { type AgentConfig, settings } from '../config.ts';
import { readHostCredentials } from '../rpc/credentials.ts';
import { Relay } from './relay.ts';

const headersMs = 10_000;
/** Connections that callers keep open outlive their own pools' idle time (R5). */
const idleMs = 620_000;
const maxHeaderSize = 64 * 1024 + 4096;

/** The relay: what comes for ports and files of this host's capsules, with mutual TLS, to the capsules. */
export async function serveRelay(
  config: AgentConfig,
  { log }: Pick<ServiceContext, 'log'>,
): Promise<RunningService> {
  const cleanup = new Cleanup();
  try {
    const catalog = new Catalog({ socketPath: trafficSocket(config.directory), kind: 'relay', log });
    await cleanup.add('the catalog', () => catalog[Symbol.dispose]());
    const relay = new Relay(catalog, log);
    const server = createServer({
      ...(await readHostCredentials(join(config.directory, 'pki'))),
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.3',
      headersTimeout: headersMs,
      keepAliveTimeout: idleMs,
      requestTimeout: 0,
      maxHeaderSize,
    });
    server.on('request', (request, response) => void relay.request(request, response));
    server.on('checkContinue', (request, response) => void relay.request(request, response));
    server.on('upgrade', (request, socket, head) => void relay.upgrade(request, socket, head));
    server.on('error', (fault) => log.error({ cause: describeError(fault) }, 'the server'));
    const address = await listen(server, config.relayAddress, settings.relayAddress.variable);
    await cleanup.add('the server', async () => {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      server.closeAllConnections();
      await closed.promise;
    });
    return { facts: { address }, stop: () => cleanup.release() };
  } catch (thrown) {
    await cleanup.release();
    throw thrown;
  }
}

import { createServer, type Server } from 'node:http';
import { systemCode, WrennError } from '@wrenn/core';
import type { RunningService, ServiceContext } from '@wrenn/service';
import { answerTo } from './answer.ts';
import type { EdgeConfig } from './config.ts';

const headersLimitMs = 10_000;
const requestLimitMs = 30_000;

/** Serves until it is told to stop; open connections are then closed. */
export async function serve({ listenAddress }: EdgeConfig, { log }: ServiceContext): Promise<RunningService> {
  const server = createServer(
    { headersTimeout: headersLimitMs, requestTimeout: requestLimitMs },
    (request, response) => {
      const { status, body } = answerTo(request);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      // Nothing here reads bodies.
      request.resume();
    },
  );
  const address = await listen(server, listenAddress);
  server.on('error', (error) => log.error({ cause: error.message }, 'the server'));
  return { facts: { address }, stop: () => close(server) };
}

async function listen(server: Server, { host, port }: EdgeConfig['listenAddress']): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ host, port }, resolve);
  try {
    await promise;
  } catch (cause) {
    throw new WrennError('missing_prerequisite', `listening on ${host}:${port} (${systemCode(cause)})`, {
      cause,
      remedy: 'end the program that has the port, or set WRENN_EDGE_LISTEN_ADDR',
    });
  }
  server.off('error', reject);
  const bound = server.address();
  const boundPort = typeof bound === 'object' && bound !== null ? bound.port : port;
  return `http://${host.includes(':') ? `[${host}]` : host}:${boundPort}`;
}

async function close(server: Server): Promise<void> {
  const closed = Promise.withResolvers<void>();
  server.close(() => closed.resolve());
  server.closeAllConnections();
  await closed.promise;
}

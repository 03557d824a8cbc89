import { createServer, type Server } from 'node:http';
import { listen, type RunningService, type ServiceContext } from '@wrenn/service';
import { answerTo } from './answer.ts';
import { type EdgeConfig, settings } from './config.ts';

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
  const address = await listen(server, listenAddress, settings.listenAddress.variable);
  server.on('error', (error) => log.error({ cause: error.message }, 'the server'));
  return { facts: { address: `http://${address}` }, stop: () => close(server) };
}

async function close(server: Server): Promise<void> {
  const closed = Promise.withResolvers<void>();
  server.close(() => closed.resolve());
  server.closeAllConnections();
  await closed.promise;
}

import type { FastifyInstance } from 'fastify';

/**
 * Lets a close end as soon as the last request has its answer. Node closes the connections that are idle when the
 * close begins; those that become idle later would be kept open for the next request.
 */
export function addGracefulClose(app: FastifyInstance): void {
  let isClosing = false;
  app.addHook('preClose', async () => {
    isClosing = true;
  });
  app.addHook('onResponse', async () => {
    // Not before the connection knows itself that it is idle.
    if (isClosing) setImmediate(() => app.server.closeIdleConnections());
  });
}

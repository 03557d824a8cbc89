import type { FastifyInstance } from 'fastify';
import { httpRequests, httpUnderWay } from './metrics.ts';

/** Counts and measures requests, by the patterns of their routes: never by paths, which have IDs in them. */
export function addHttpMetrics(app: FastifyInstance): void {
  app.addHook('onRequest', async (_request, { raw }) => {
    httpUnderWay.inc();
    raw.once('close', () => httpUnderWay.dec());
  });
  app.addHook('onResponse', async (request, reply) => {
    const labels = {
      method: request.method,
      route: request.is404 ? 'none' : (request.routeOptions.url ?? 'none'),
      status: `${Math.floor(reply.statusCode / 100)}xx`,
    };
    httpRequests.observe(labels, reply.elapsedTime / 1000);
  });
}

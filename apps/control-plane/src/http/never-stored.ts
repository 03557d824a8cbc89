import type { FastifyInstance } from 'fastify';

/** For routes whose answers are about a person, or hold what opens an account. */
export function neverStored(app: Pick<FastifyInstance, 'addHook'>): void {
  app.addHook('onRequest', async (_request, reply) => {
    void reply.header('cache-control', 'no-store');
  });
}

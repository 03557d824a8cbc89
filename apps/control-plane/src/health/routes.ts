import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { ServerContext } from '../server-context.ts';
import { faults } from './readiness.ts';

const health = z.object({ status: z.literal('ok'), version: z.string() });
const ready = z.object({ status: z.literal('ready') });
const unready = z.object({ status: z.literal('unready'), reasons: z.array(z.string()) });

export const healthRoutes =
  (context: ServerContext): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      '/health',
      {
        config: { auth: 'none' },
        schema: {
          operationId: 'health',
          summary: 'Whether the process lives',
          tags: ['service'],
          response: { 200: health },
        },
      },
      async () => ({ status: 'ok' as const, version: context.version }),
    );

    app.get(
      '/readyz',
      {
        config: { auth: 'none' },
        schema: {
          operationId: 'ready',
          summary: 'Whether capsules can be made',
          description:
            'The database answers and is up to date, and a host is online, as far as this process has looked; otherwise the reasons.',
          tags: ['service'],
          response: { 200: ready, 503: unready },
        },
      },
      async (_request, reply) => {
        const reasons = await faults(context);
        if (reasons.length === 0) return { status: 'ready' as const };
        // Whoever waits for the first host should not wait for the monitor's next round.
        context.hostMonitor.poke();
        return await reply.code(503).send({ status: 'unready', reasons });
      },
    );
  };

import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { withScope } from '../access/route-auth.ts';
import { callerOf } from '../http/auth.ts';
import { failures } from '../http/schemas.ts';
import type { ServerContext } from '../server-context.ts';
import { countCapsules, listCapsules, overStates } from './list.ts';
import { placeFrom } from './list-order.ts';
import { countQuery, countsBody, listQuery } from './list-schemas.ts';
import { present } from './present.ts';
import { capsuleBody } from './schemas.ts';

const reads = { config: { auth: withScope('capsules:read') } } as const;
const tags = ['capsules'];

/** The list, and how many there are. */
export function listRoutes(app: Parameters<FastifyPluginAsyncZod>[0], { database }: ServerContext): void {
  app.get(
    '',
    {
      ...reads,
      schema: {
        operationId: 'listCapsules',
        summary: 'List capsules',
        description:
          'Newest first, without those that are stopped or failed, where nothing else is asked for. The header `x-next-cursor` is there when there are more.',
        tags,
        querystring: listQuery,
        response: { 200: z.array(capsuleBody), ...failures(400, 401) },
      },
    },
    async (request, reply) => {
      const { q: text, status: states, after, cursor, ...wanted } = request.query;
      const found = await listCapsules(database, callerOf(request).teamId, {
        ...wanted,
        ...{ text, states, template: wanted.template },
        after: cursor === undefined ? after && { at: 'capsule', id: after } : placeFrom(cursor, wanted),
      });
      if (found.next !== undefined) void reply.header('x-next-cursor', found.next);
      return found.capsules.map(present);
    },
  );

  app.get(
    '/counts',
    {
      ...reads,
      schema: {
        operationId: 'countCapsules',
        summary: 'Count capsules',
        description: 'In each state, of those that the filter fits.',
        tags,
        querystring: countQuery,
        response: { 200: countsBody, ...failures(400, 401) },
      },
    },
    async (request) => {
      const { q: text, template } = request.query;
      const counts = await countCapsules(database, callerOf(request).teamId, { text, template });
      const live = Object.entries(counts).filter(([state]) => !overStates.some((over) => over === state));
      return { total: live.reduce((sum, [, count]) => sum + count, 0), by_status: counts };
    },
  );
}

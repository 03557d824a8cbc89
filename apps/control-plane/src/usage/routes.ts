import type { FastifyReply } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { withScope } from '../access/route-auth.ts';
import { callerOf } from '../http/auth.ts';
import { failures } from '../http/schemas.ts';
import type { ServerContext } from '../server-context.ts';
import { csvOf } from './csv.ts';
import { usageOn } from './daily.ts';
import { type AskedDays, daysOf, today } from './days.ts';
import { daysQuery, presentStats, presentUsage, statsBody, statsQuery, usageBody } from './schemas.ts';
import { statsOf } from './stats.ts';

const reads = { config: { auth: withScope('capsules:read') } } as const;
const tags = ['usage'];
const csv = 'text/csv';

/** What the capsules of a team reserve of hosts, now and in the past. */
export const usageRoutes =
  (context: ServerContext): FastifyPluginAsyncZod =>
  async (app) => {
    const { database } = context;
    const daysFrom = async (query: AskedDays) => daysOf(query, query.to ?? (await today(database)));

    app.get(
      '/usage',
      {
        ...reads,
        schema: {
          operationId: 'getUsage',
          summary: 'What the team used on each day',
          tags,
          querystring: daysQuery,
          response: { 200: usageBody, ...failures(400, 401, 403) },
        },
      },
      async (request) => {
        const days = await daysFrom(request.query);
        return presentUsage(days, await usageOn(database, callerOf(request).teamId, days));
      },
    );

    app.get(
      '/usage/export',
      {
        ...reads,
        schema: {
          operationId: 'exportUsage',
          summary: 'The same as CSV',
          description: 'Beside the minutes, which are rounded, it has the exact seconds.',
          tags,
          querystring: daysQuery,
          response: {
            200: { description: 'A line for each day.', content: { [csv]: { schema: z.string() } } },
            ...failures(400, 401, 403),
          },
        },
      },
      async (request, reply) => {
        const days = await daysFrom(request.query);
        const used = await usageOn(database, callerOf(request).teamId, days);
        // What a stream carries is not checked against the schema: it is sent as it is.
        return await (reply as FastifyReply)
          .type(`${csv}; charset=utf-8; header=present`)
          .header('content-disposition', `attachment; filename="wrenn-usage-${days.from}-${days.to}.csv"`)
          .send(csvOf(used));
      },
    );

    app.get(
      '/stats',
      {
        ...reads,
        schema: {
          operationId: 'getCapsuleStats',
          summary: 'What the team reserves, and how that went up and down',
          tags,
          querystring: statsQuery,
          response: { 200: statsBody, ...failures(400, 401, 403) },
        },
      },
      async (request) => {
        const { range } = request.query;
        return presentStats(range, await statsOf(database, callerOf(request).teamId, range));
      },
    );
  };

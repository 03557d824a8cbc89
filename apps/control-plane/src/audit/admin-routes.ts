import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { actorOf } from '../access/principal.ts';
import { auditScopes } from '../db/schema.ts';
import { userOf } from '../http/auth.ts';
import { failures } from '../http/schemas.ts';
import type { ServerContext } from '../server-context.ts';
import { newestEntries } from './entry.ts';
import { exportAnswer, exportDescription, sendExport } from './export-answer.ts';
import { platformTeam } from './happening.ts';
import { beforeFrom, filterFrom, filterQuery, pageBody, pageQuery, presentPage } from './schemas.ts';

const common = { config: { auth: 'admin' } } as const;
const tags = ['admin'];

/** What administrators and the platform itself did. */
export const adminAuditRoutes =
  (context: ServerContext): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      '',
      {
        ...common,
        schema: {
          operationId: 'listPlatformAuditEntries',
          summary: 'List what was done to the platform',
          description: 'Newest first.',
          tags,
          querystring: pageQuery,
          response: { 200: pageBody, ...failures(400, 401, 403) },
        },
      },
      async (request) => {
        const { limit } = request.query;
        const filter = filterFrom(request.query, auditScopes);
        const page = { before: beforeFrom(request.query), limit: limit + 1 };
        return presentPage(await newestEntries(context.database, platformTeam, filter, page), limit);
      },
    );

    app.get(
      '/export',
      {
        ...common,
        schema: {
          operationId: 'exportPlatformAuditEntries',
          summary: 'Export what was done to the platform',
          description: exportDescription,
          tags,
          querystring: filterQuery,
          response: { 200: exportAnswer, ...failures(400, 401, 403) },
        },
      },
      async (request, reply) => {
        const actor = actorOf(userOf(request));
        const filter = filterFrom(request.query, auditScopes);
        return await sendExport(context, reply, { teamId: platformTeam, actor, filter });
      },
    );
  };

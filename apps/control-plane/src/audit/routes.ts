import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { asMember, hasRole } from '../access/route-auth.ts';
import { type AuditScope, auditScopes } from '../db/schema.ts';
import { callerOf, userOf } from '../http/auth.ts';
import { failures } from '../http/schemas.ts';
import type { ServerContext } from '../server-context.ts';
import { newestEntries } from './entry.ts';
import { exportAnswer, exportDescription, sendExport } from './export-answer.ts';
import { beforeFrom, filterFrom, filterQuery, pageBody, pageQuery, presentPage } from './schemas.ts';

const tags = ['audit'];

/** What was done in a team: to everybody in it, or, where it is about people, to its owner and admins. */
export const auditRoutes =
  (context: ServerContext): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      '',
      {
        config: { auth: asMember('member') },
        schema: {
          operationId: 'listAuditEntries',
          summary: 'List what was done in the team',
          description: 'Newest first. Entries of the scope `admin` are shown to the owner and admins.',
          tags,
          querystring: pageQuery,
          response: { 200: pageBody, ...failures(400, 401, 403) },
        },
      },
      async (request) => {
        const role = userOf(request).team?.role ?? 'member';
        const scopes: readonly AuditScope[] = hasRole(role, 'admin') ? auditScopes : ['team'];
        const { limit } = request.query;
        const entries = await newestEntries(
          context.database,
          callerOf(request).teamId,
          filterFrom(request.query, scopes),
          { before: beforeFrom(request.query), limit: limit + 1 },
        );
        return presentPage(entries, limit);
      },
    );

    app.get(
      '/export',
      {
        config: { auth: asMember('admin') },
        schema: {
          operationId: 'exportAuditEntries',
          summary: 'Export what was done in the team',
          description: exportDescription,
          tags,
          querystring: filterQuery,
          response: { 200: exportAnswer, ...failures(400, 401, 403) },
        },
      },
      async (request, reply) => {
        const { teamId, actor } = callerOf(request);
        const filter = filterFrom(request.query, auditScopes);
        return await sendExport(context, reply, { teamId, actor, filter });
      },
    );
  };

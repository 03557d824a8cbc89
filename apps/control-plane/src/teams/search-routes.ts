import { idFromUuid, type UserId, uuidFromId } from '@wrenn/core';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { sql } from 'kysely';
import { z } from 'zod';
import type { Queryable } from '../db/database.ts';
import { userOf } from '../http/auth.ts';
import { failures, text } from '../http/schemas.ts';
import type { ServerContext } from '../server-context.ts';

const most = 10;

const searchQuery = z.strictObject({
  email: text(254)
    .toLowerCase()
    .refine((value) => value.length >= 3 && value.includes('@'), 'must have 3 characters at least, and an @'),
});

const foundBody = z.array(z.object({ user_id: z.string(), email: z.string() }));

export const userSearchRoutes =
  (context: ServerContext): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      '/search',
      {
        config: { auth: 'session' },
        schema: {
          operationId: 'searchUsers',
          summary: 'Find people whom you share a team with',
          description: `By the beginning of their address; ${most} at most. Nobody else is found.`,
          tags: ['teams'],
          querystring: searchQuery,
          response: { 200: foundBody, ...failures(400, 401, 403, 429) },
        },
      },
      async (request) => {
        const { userId } = userOf(request);
        await context.limits.take('search-user', userId);
        return await findColleagues(context.database, userId, request.query.email);
      },
    );
  };

async function findColleagues(
  database: Queryable,
  userId: UserId,
  prefix: string,
): Promise<z.output<typeof foundBody>> {
  const { rows } = await sql<{ id: string; email: string }>`
    select distinct found.id, found.email
      from memberships mine
      join teams team on team.id = mine.team_id and team.deleted_at is null
      join memberships theirs on theirs.team_id = team.id
      join users found on found.id = theirs.user_id and found.status = 'active'
     where mine.user_id = ${uuidFromId(userId)} and found.id <> mine.user_id
       and starts_with(found.email, ${prefix})
     order by found.email
     limit ${sql.lit(most)}`.execute(database);
  return rows.map(({ id, email }) => ({ user_id: idFromUuid('user', id), email }));
}

import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { asMember } from '../access/route-auth.ts';
import { callerOf, userOf } from '../http/auth.ts';
import { failures } from '../http/schemas.ts';
import type { ServerContext } from '../server-context.ts';
import { issueKey } from './issue.ts';
import { revokeKey } from './revoke.ts';
import { createdKeyBody, createKeyBody, keyBody, keyIdParameters } from './schemas.ts';
import { listKeys, type TeamKey } from './team-keys.ts';

const common = { config: { auth: asMember('member') } } as const;
const tags = ['API keys'];

export const keyRoutes =
  (context: ServerContext): FastifyPluginAsyncZod =>
  async (app) => {
    app.post(
      '',
      {
        ...common,
        schema: {
          operationId: 'createApiKey',
          summary: 'Make an API key',
          description: 'It belongs to the team, not to who makes it, and stays when they leave.',
          tags,
          body: createKeyBody,
          response: { 201: createdKeyBody, ...failures(400, 401, 403, 409, 429) },
        },
      },
      async (request, reply) => {
        const { teamId } = callerOf(request);
        const { key, made } = await issueKey(context, userOf(request), teamId, request.body);
        return await reply.code(201).send({ ...present(teamId, made), key: key.reveal() });
      },
    );

    app.get(
      '',
      {
        ...common,
        schema: {
          operationId: 'listApiKeys',
          summary: 'List API keys',
          description: 'Newest first, also those that have expired.',
          tags,
          response: { 200: z.array(keyBody), ...failures(401, 403) },
        },
      },
      async (request) => {
        const { teamId } = callerOf(request);
        return (await listKeys(context.database, teamId)).map((key) => present(teamId, key));
      },
    );

    app.delete(
      '/:id',
      {
        ...common,
        schema: {
          operationId: 'revokeApiKey',
          summary: 'Revoke an API key',
          description:
            'Members may revoke those that they made, owners and admins all. Succeeds for a key that is not there.',
          tags,
          params: keyIdParameters,
          response: { 204: z.null(), ...failures(400, 401, 403) },
        },
      },
      async (request, reply) => {
        const { teamId } = callerOf(request);
        await revokeKey(context, userOf(request), teamId, request.params.id);
        return await reply.code(204).send(null);
      },
    );
  };

function present(teamId: string, key: TeamKey): z.output<typeof keyBody> {
  return {
    id: key.id,
    team_id: teamId,
    name: key.name,
    key_prefix: key.prefix,
    scopes: [...key.scopes],
    ...(key.createdBy === undefined
      ? {}
      : { created_by: key.createdBy.id, creator_email: key.createdBy.email }),
    created_at: key.createdAt.toISOString(),
    ...(key.expiresAt === undefined ? {} : { expires_at: key.expiresAt.toISOString() }),
    ...(key.lastUsed === undefined ? {} : { last_used: key.lastUsed.toISOString() }),
  };
}

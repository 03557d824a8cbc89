import { WrennError } from '@wrenn/core';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { userOf } from '../http/auth.ts';
import { neverStored } from '../http/never-stored.ts';
import { failures } from '../http/schemas.ts';
import type { ServerContext } from '../server-context.ts';
import { listSessions } from './login-sessions.ts';
import { sessionBody, sessionParameters } from './schemas.ts';
import { endSessions } from './sign-out.ts';

const signedIn = { config: { auth: 'session' } } as const;
const tags = ['account'];

export const sessionRoutes =
  (context: ServerContext): FastifyPluginAsyncZod =>
  async (app) => {
    neverStored(app);

    app.get(
      '',
      {
        ...signedIn,
        schema: {
          operationId: 'listSessions',
          summary: 'List where you are signed in',
          description: 'Those that were used last first.',
          tags,
          response: { 200: z.array(sessionBody), ...failures(401, 403) },
        },
      },
      async (request) => {
        const user = userOf(request);
        return (await listSessions(context.database, user.userId)).map((session) => ({
          id: session.id,
          user_agent: session.userAgent,
          address: session.address,
          created_at: session.createdAt.toISOString(),
          last_seen_at: session.lastSeenAt.toISOString(),
          expires_at: session.expiresAt.toISOString(),
          is_current: session.id === user.sessionId,
        }));
      },
    );

    app.delete(
      '/:id',
      {
        ...signedIn,
        schema: {
          operationId: 'endSession',
          summary: 'End one of your sessions',
          tags,
          params: sessionParameters,
          response: { 204: z.null(), ...failures(400, 401, 403, 404) },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        const ended = await endSessions(context, userOf(request), { only: id });
        if (ended === 0) throw new WrennError('not_found', `no session ${id}`);
        return await reply.code(204).send(null);
      },
    );

    app.delete(
      '',
      {
        ...signedIn,
        schema: {
          operationId: 'endOtherSessions',
          summary: 'End all of your sessions but this one',
          tags,
          response: { 204: z.null(), ...failures(401, 403) },
        },
      },
      async (request, reply) => {
        const user = userOf(request);
        await endSessions(context, user, { allBut: user.sessionId });
        return await reply.code(204).send(null);
      },
    );
  };

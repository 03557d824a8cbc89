import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { userOf } from '../http/auth.ts';
import { neverStored } from '../http/never-stored.ts';
import { failures } from '../http/schemas.ts';
import type { ServerContext } from '../server-context.ts';
import { answerSignedIn } from './answer.ts';
import { changePassword } from './change-password.ts';
import { deleteAccount } from './delete-account.ts';
import { describeMe } from './me.ts';
import { rename } from './rename.ts';
import { authBody, deleteBody, meBody, passwordBody, renameBody } from './schemas.ts';
import { clearSessionCookie } from './session-cookie.ts';

const signedIn = { config: { auth: 'session' } } as const;
const tags = ['account'];

export const meRoutes =
  (context: ServerContext): FastifyPluginAsyncZod =>
  async (app) => {
    neverStored(app);

    app.get(
      '',
      {
        ...signedIn,
        schema: {
          operationId: 'getMe',
          summary: 'Get your account',
          tags,
          response: { 200: meBody, ...failures(401, 403) },
        },
      },
      async (request) => await describeMe(context, userOf(request)),
    );

    app.patch(
      '',
      {
        ...signedIn,
        schema: {
          operationId: 'renameMe',
          summary: 'Change your name',
          description: 'The session goes on acting for the team that it acted for.',
          tags,
          body: renameBody,
          response: { 200: authBody, ...failures(400, 401, 403) },
        },
      },
      async (request, reply) => {
        const user = userOf(request);
        await rename(context, user, request.body.name);
        return await answerSignedIn(context, reply, user.sessionId);
      },
    );

    app.post(
      '/password',
      {
        ...signedIn,
        schema: {
          operationId: 'changePassword',
          summary: 'Change or add your password',
          description: 'Ends all of your other sessions.',
          tags,
          body: passwordBody,
          response: { 204: z.null(), ...failures(400, 401, 403, 409, 429) },
        },
      },
      async (request, reply) => {
        const {
          current_password: current,
          new_password: next,
          confirm_password: confirmation,
        } = request.body;
        await changePassword(context, userOf(request), { current, next, confirmation });
        return await reply.code(204).send(null);
      },
    );

    app.delete(
      '',
      {
        ...signedIn,
        schema: {
          operationId: 'deleteMe',
          summary: 'Delete your account',
          description:
            'With the teams that are yours alone, their capsules, and all API keys that you made. What else is personal is removed 15 days later.',
          tags,
          body: deleteBody,
          response: { 204: z.null(), ...failures(400, 401, 403, 409) },
        },
      },
      async (request, reply) => {
        await deleteAccount(context, userOf(request), request.body.confirmation);
        clearSessionCookie(context, reply);
        return await reply.code(204).send(null);
      },
    );
  };

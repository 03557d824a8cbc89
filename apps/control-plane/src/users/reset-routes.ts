import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { neverStored } from '../http/never-stored.ts';
import { originOf } from '../http/origin.ts';
import { failures } from '../http/schemas.ts';
import type { ServerContext } from '../server-context.ts';
import { confirmReset, requestReset } from './password-reset.ts';
import { confirmResetBody, resetBody } from './schemas.ts';

const anyone = { config: { auth: 'none' } } as const;
const tags = ['sign-in'];

export const resetRoutes =
  (context: ServerContext): FastifyPluginAsyncZod =>
  async (app) => {
    neverStored(app);

    app.post(
      '',
      {
        ...anyone,
        // What is no address is answered as one without an account.
        attachValidation: true,
        schema: {
          operationId: 'requestPasswordReset',
          summary: 'Have a link mailed by which a password can be chosen',
          description:
            'The answer is the same for every address, whether or not there is an account with it.',
          tags,
          body: resetBody,
          response: { 204: z.null(), ...failures(429) },
        },
      },
      async (request, reply) => {
        if (request.validationError === undefined) {
          await requestReset(context, request.body.email, originOf(request));
        }
        return await reply.code(204).send(null);
      },
    );

    app.post(
      '/confirm',
      {
        ...anyone,
        schema: {
          operationId: 'confirmPasswordReset',
          summary: 'Choose a password with the token of a mail',
          description: 'Ends all sessions of the account.',
          tags,
          body: confirmResetBody,
          response: { 204: z.null(), ...failures(400, 429) },
        },
      },
      async (request, reply) => {
        const { token, new_password: password } = request.body;
        await confirmReset(context, { token, password }, originOf(request));
        return await reply.code(204).send(null);
      },
    );
  };

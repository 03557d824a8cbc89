import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { presentedCredential } from '../access/credential.ts';
import { userOf } from '../http/auth.ts';
import { neverStored } from '../http/never-stored.ts';
import { originOf } from '../http/origin.ts';
import { failures } from '../http/schemas.ts';
import type { ServerContext } from '../server-context.ts';
import { activate } from './activate.ts';
import { answerSignedIn } from './answer.ts';
import { authBody, messageBody, signInBody, signUpBody, switchTeamBody, tokenBody } from './schemas.ts';
import { clearSessionCookie } from './session-cookie.ts';
import { signIn } from './sign-in.ts';
import { signOut } from './sign-out.ts';
import { signUp } from './sign-up.ts';
import { switchTeam } from './switch-team.ts';

const anyone = { config: { auth: 'none' } } as const;
const signedIn = { config: { auth: 'session' } } as const;
const tags = ['sign-in'];
const signUpMessage =
  'If the address can be used, a mail is on its way to it. Its link is good for 30 minutes.';

export const authRoutes =
  (context: ServerContext): FastifyPluginAsyncZod =>
  async (app) => {
    neverStored(app);

    app.post(
      '/signup',
      {
        ...anyone,
        schema: {
          operationId: 'signUp',
          summary: 'Ask for an account',
          description:
            'The answer is the same whether or not there is an account with the address: only its mail tells.',
          tags,
          body: signUpBody,
          response: { 201: messageBody, ...failures(400, 429) },
        },
      },
      async (request, reply) => {
        await signUp(context, request.body, originOf(request));
        return await reply.code(201).send({ message: signUpMessage });
      },
    );

    app.post(
      '/activate',
      {
        ...anyone,
        schema: {
          operationId: 'activate',
          summary: 'Confirm the address of an account',
          description: 'With the token of the mail. Makes a team for the user, and signs them in.',
          tags,
          body: tokenBody,
          response: { 200: authBody, ...failures(400, 429) },
        },
      },
      async (request, reply) =>
        await answerSignedIn(context, reply, await activate(context, request.body.token, originOf(request))),
    );

    app.post(
      '/login',
      {
        ...anyone,
        schema: {
          operationId: 'signIn',
          summary: 'Sign in',
          description: 'The token is in the answer, and in a cookie that scripts cannot read.',
          tags,
          body: signInBody,
          response: { 200: authBody, ...failures(400, 401, 403, 429) },
        },
      },
      async (request, reply) =>
        await answerSignedIn(context, reply, await signIn(context, request.body, originOf(request))),
    );

    app.post(
      '/logout',
      {
        ...anyone,
        schema: {
          operationId: 'signOut',
          summary: 'Sign out',
          description:
            'Ends the session, and removes the cookie of a browser also where the session is over already.',
          tags,
          response: { 204: z.null(), ...failures(403) },
        },
      },
      async (request, reply) => {
        await signOut(context, presentedCredential(request.raw, context.config)?.text);
        clearSessionCookie(context, reply);
        return await reply.code(204).send(null);
      },
    );

    app.post(
      '/refresh',
      {
        ...signedIn,
        schema: {
          operationId: 'refreshToken',
          summary: 'Get a fresh token for the session',
          tags,
          response: { 200: authBody, ...failures(401, 403) },
        },
      },
      async (request, reply) => await answerSignedIn(context, reply, userOf(request).sessionId),
    );

    app.post(
      '/switch-team',
      {
        ...signedIn,
        schema: {
          operationId: 'switchTeam',
          summary: 'Act for another team',
          description:
            'From now on the session acts for this team, also with tokens that it was given before.',
          tags,
          body: switchTeamBody,
          response: { 200: authBody, ...failures(400, 401, 403, 404) },
        },
      },
      async (request, reply) => {
        const user = userOf(request);
        await switchTeam(context, user, request.body.team_id);
        return await answerSignedIn(context, reply, user.sessionId);
      },
    );
  };

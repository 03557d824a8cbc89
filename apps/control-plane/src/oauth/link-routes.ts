import { WrennError } from '@wrenn/core';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { userOf } from '../http/auth.ts';
import { failures } from '../http/schemas.ts';
import type { ServerContext } from '../server-context.ts';
import { beginFlow } from './begin.ts';
import { unlinkAccount } from './link.ts';
import type { Providers } from './providers.ts';
import { connectBody, providerParameters } from './schemas.ts';

const signedIn = { config: { auth: 'session' } } as const;
const tags = ['account'];

/** Accounts at providers, as more ways into an account that there is. */
export function linkRoutes(plain: FastifyInstance, context: ServerContext, providers: Providers): void {
  const app = plain.withTypeProvider<ZodTypeProvider>();

  app.get(
    '/v1/me/providers/:provider/connect',
    {
      ...signedIn,
      schema: {
        operationId: 'connectProvider',
        summary: 'Begin to link an account at a provider',
        description:
          'Go to `auth_url` with the same browser, while this session is live, within ten minutes.',
        tags,
        params: providerParameters,
        response: { 200: connectBody, ...failures(400, 401, 403, 404, 500) },
      },
    },
    async (request, reply) => {
      const { userId, sessionId } = userOf(request);
      const provider = providers.named(request.params.provider);
      try {
        return { auth_url: await beginFlow(context, reply, provider, { kind: 'link', userId, sessionId }) };
      } catch (cause) {
        throw new WrennError('internal_error', `${provider.name} does not say where to sign in`, { cause });
      }
    },
  );

  app.delete(
    '/v1/me/providers/:provider',
    {
      ...signedIn,
      schema: {
        operationId: 'disconnectProvider',
        summary: 'Unlink an account at a provider',
        tags,
        params: providerParameters,
        response: { 204: z.null(), ...failures(400, 401, 403, 404) },
      },
    },
    async (request, reply) => {
      await unlinkAccount(context, userOf(request), request.params.provider);
      return await reply.code(204).send(null);
    },
  );
}

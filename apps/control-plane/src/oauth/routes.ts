import { describeError } from '@wrenn/core';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { neverStored } from '../http/never-stored.ts';
import { failures } from '../http/schemas.ts';
import type { ServerContext } from '../server-context.ts';
import { beginFlow } from './begin.ts';
import { land, refusedAt } from './land.ts';
import { linkRoutes } from './link-routes.ts';
import { Providers } from './providers.ts';
import { callbackQuery, providerParameters, startQuery } from './schemas.ts';

const anyone = { config: { auth: 'none' } } as const;
const tags = ['sign-in'];

export const oauthRoutes =
  (context: ServerContext): FastifyPluginAsyncZod =>
  async (app) => {
    const { config, log } = context;
    const providers = new Providers(config);
    neverStored(app);
    linkRoutes(app, context, providers);

    app.get(
      '/v1/auth/providers',
      {
        ...anyone,
        schema: {
          operationId: 'listProviders',
          summary: 'List the providers that can be signed in with',
          tags,
          response: { 200: z.array(z.string()) },
        },
      },
      async () => providers.names,
    );

    app.get(
      '/auth/oauth/:provider',
      {
        ...anyone,
        schema: {
          operationId: 'startOAuth',
          summary: 'Sign in or up through a provider',
          description: 'For browsers: leads to the provider.',
          tags,
          params: providerParameters,
          querystring: startQuery,
          response: { 302: z.null(), ...failures(400, 404) },
        },
      },
      async (request, reply) => {
        const provider = providers.named(request.params.provider);
        try {
          return reply.redirect(await beginFlow(context, reply, provider, { kind: request.query.intent }));
        } catch (thrown) {
          log.error(
            { provider: provider.name, cause: describeError(thrown) },
            'a provider cannot be reached',
          );
          return reply.redirect(refusedAt(config, provider, 'exchange_failed'));
        }
      },
    );

    app.get(
      '/auth/oauth/:provider/callback',
      {
        ...anyone,
        schema: {
          operationId: 'finishOAuth',
          summary: 'Come back from a provider',
          description:
            'For browsers: leads to a page of the dashboard, with the session in a cookie or `error` in its query.',
          tags,
          params: providerParameters,
          querystring: callbackQuery,
          response: { 302: z.null(), ...failures(400, 404) },
        },
      },
      async (request, reply) => {
        const provider = providers.named(request.params.provider);
        return reply.redirect(await land(context, provider, { request, reply, query: request.query }));
      },
    );
  };

import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { actorOf } from '../access/principal.ts';
import { platformTeam } from '../audit/happening.ts';
import { userOf } from '../http/auth.ts';
import { failures } from '../http/schemas.ts';
import type { ServerContext } from '../server-context.ts';
import { deleteTemplate } from '../templates/delete.ts';
import { deletion } from '../templates/routes.ts';
import { templateParameters } from '../templates/schemas.ts';
import { listAllTemplates, templatePageBody, templatePageQuery } from './list-templates.ts';

const common = { config: { auth: 'admin' } } as const;
const tags = ['administration'];

export const adminTemplateRoutes =
  (context: ServerContext): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      '',
      {
        ...common,
        schema: {
          operationId: 'adminListTemplates',
          summary: 'List templates and snapshots of all teams',
          description: 'Newest first.',
          tags,
          querystring: templatePageQuery,
          response: { 200: templatePageBody, ...failures(400, 401, 403) },
        },
      },
      async (request) => await listAllTemplates(context.database, request.query),
    );

    app.delete(
      '/:name',
      {
        ...common,
        schema: {
          operationId: 'adminDeleteTemplate',
          summary: 'Delete a template of the platform',
          description: deletion,
          tags,
          params: templateParameters,
          response: { 204: z.null(), ...failures(400, 401, 403, 404, 409) },
        },
      },
      async (request, reply) => {
        const doer = { teamId: platformTeam, actor: actorOf(userOf(request)) };
        await context.operations.run(() => deleteTemplate(context, doer, request.params.name));
        return await reply.code(204).send(null);
      },
    );
  };

import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { userOf } from '../http/auth.ts';
import { failures } from '../http/schemas.ts';
import type { ServerContext } from '../server-context.ts';
import { nameParameters } from '../snapshots/schemas.ts';
import { deleteTemplate } from './delete-template.ts';
import { listAllTemplates, templatePageBody } from './list-templates.ts';
import { pageQuery } from './pages.ts';

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
          querystring: pageQuery,
          response: { 200: templatePageBody, ...failures(400, 401, 403) },
        },
      },
      async (request) => await listAllTemplates(context.database, request.query.page),
    );

    app.delete(
      '/:name',
      {
        ...common,
        schema: {
          operationId: 'adminDeleteTemplate',
          summary: 'Delete a template of the platform',
          description: 'Capsules that were made from it are not affected.',
          tags,
          params: nameParameters,
          response: { 204: z.null(), ...failures(400, 401, 403, 404, 409) },
        },
      },
      async (request, reply) => {
        const { name } = request.params;
        await context.operations.run(() => deleteTemplate(context, userOf(request), name));
        return await reply.code(204).send(null);
      },
    );
  };

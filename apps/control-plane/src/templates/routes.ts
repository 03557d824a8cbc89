import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { withScope } from '../access/route-auth.ts';
import { callerOf } from '../http/auth.ts';
import { failures } from '../http/schemas.ts';
import type { ServerContext } from '../server-context.ts';
import { deleteTemplate } from './delete.ts';
import { listDetails } from './details.ts';
import { placesInTree } from './place-in-tree.ts';
import { presentPlace } from './place-schemas.ts';
import { presentVersion } from './present.ts';
import { familyParameters, listQuery, templateBody, templateParameters, updateBody } from './schemas.ts';
import { setVisibility } from './update.ts';

const reads = { config: { auth: withScope('snapshots:read') } } as const;
const writes = { config: { auth: withScope('snapshots:write') } } as const;
const tags = ['templates'];

export const deletion =
  'By its name alone with all versions, tags and aliases; by a tag or an ID one version. Capsules that were made from it are not affected. Refused while a build begins from it.';

/** What only teams do: for the platform there are routes of administrators. */
export const templateRoutes =
  (context: ServerContext): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      '',
      {
        ...reads,
        schema: {
          operationId: 'listTemplates',
          summary: 'List templates',
          description:
            "Each version by itself, newest first: the team's own and the platform's. With `visibility=public` those of all teams that anybody can use.",
          tags,
          querystring: listQuery,
          response: { 200: z.array(templateBody), ...failures(400, 401) },
        },
      },
      async (request) => {
        const { type, visibility, limit, after } = request.query;
        const filter = { type, visibility, limit, after };
        const { teamId } = callerOf(request);
        const found = await listDetails(context.database, teamId, filter);
        const templates = found.map(({ template }) => template);
        const placeOf = await placesInTree(context.database, teamId, templates);
        return found.map((details) => ({
          ...presentVersion(details),
          ...presentPlace(details.template, placeOf(details.template), teamId),
        }));
      },
    );

    app.patch(
      '/:name',
      {
        ...writes,
        schema: {
          operationId: 'updateTemplate',
          summary: 'Say who can use a template',
          description:
            'All versions of it. A public one can be used by every team as `team/name`, with what it has in its memory, on its disk and in its environment.',
          tags,
          params: familyParameters,
          body: updateBody,
          response: { 204: z.null(), ...failures(400, 401, 403, 404) },
        },
      },
      async (request, reply) => {
        const { visibility } = request.body;
        await setVisibility(context, callerOf(request), request.params.name, visibility);
        return await reply.code(204).send(null);
      },
    );

    app.delete(
      '/:name',
      {
        ...writes,
        schema: {
          operationId: 'deleteTemplate',
          summary: 'Delete a template',
          description: deletion,
          tags,
          params: templateParameters,
          response: { 204: z.null(), ...failures(400, 401, 403, 404, 409) },
        },
      },
      async (request, reply) => {
        const caller = callerOf(request);
        await context.operations.run(() => deleteTemplate(context, caller, request.params.name));
        return await reply.code(204).send(null);
      },
    );
  };

import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { withScope } from '../access/route-auth.ts';
import { callerOf } from '../http/auth.ts';
import { failures } from '../http/schemas.ts';
import type { ServerContext } from '../server-context.ts';
import { addAlias, removeAlias } from './aliases.ts';
import { detailsOf } from './details.ts';
import { lineageOf } from './lineage.ts';
import { placesInTree } from './place-in-tree.ts';
import { presentPlace } from './place-schemas.ts';
import { presentTag, presentWithLineage } from './present.ts';
import {
  addTagsBody,
  aliasParameters,
  familyParameters,
  tagBody,
  tagParameters,
  templateDetailsBody,
  templateParameters,
} from './schemas.ts';
import { findTemplate } from './store.ts';
import { addTags, listTags, removeTag } from './tags.ts';

const reads = { config: { auth: withScope('snapshots:read') } } as const;
const writes = { config: { auth: withScope('snapshots:write') } } as const;
const described = (operationId: string, summary: string, description: string) => ({
  ...{ operationId, summary, description },
  tags: ['templates'],
});

/** One template, and what it is called: for teams, and for the platform below its own path. */
export const templateNameRoutes =
  (context: ServerContext): FastifyPluginAsyncZod =>
  async (app) => {
    const { database } = context;

    app.get(
      '/:name',
      {
        ...reads,
        schema: {
          ...described(
            'getTemplate',
            'Get a template',
            'One version, with what it was made from. The name alone is the tag `default`.',
          ),
          params: templateParameters,
          response: { 200: templateDetailsBody, ...failures(400, 401, 404, 409) },
        },
      },
      async (request) => {
        const { teamId } = callerOf(request);
        const template = await findTemplate(database, teamId, request.params.name, 'name');
        const details = await detailsOf(database, template);
        const placeOf = await placesInTree(database, teamId, [template]);
        return {
          ...presentWithLineage(details, await lineageOf(database, template, teamId)),
          ...presentPlace(template, placeOf(template), teamId),
        };
      },
    );

    app.get(
      '/:name/tags',
      {
        ...reads,
        schema: {
          ...described('listTemplateTags', 'List the tags of a template', 'By name.'),
          params: familyParameters,
          response: { 200: z.array(tagBody), ...failures(400, 401, 404) },
        },
      },
      async (request) => {
        return (await listTags(database, callerOf(request).teamId, request.params.name)).map(presentTag);
      },
    );

    app.post(
      '/:name/tags',
      {
        ...writes,
        schema: {
          ...described(
            'addTemplateTags',
            'Tag a version of a template',
            'A tag that named another version names this one. A version that has no tag any more is deleted. Answers all tags.',
          ),
          params: familyParameters,
          body: addTagsBody,
          response: { 201: z.array(tagBody), ...failures(400, 401, 403, 404, 409) },
        },
      },
      async (request, reply) => {
        const { body, params } = request;
        const caller = callerOf(request);
        const all = await context.operations.run(() => addTags(context, caller, params.name, body));
        return await reply.code(201).send(all.map(presentTag));
      },
    );

    app.delete(
      '/:name/tags/:tag',
      {
        ...writes,
        schema: {
          ...described(
            'removeTemplateTag',
            'Take a tag from a template',
            'A version that has no other is deleted. The last tag of a template stays until that is deleted.',
          ),
          params: tagParameters,
          response: { 204: z.null(), ...failures(400, 401, 403, 404, 409) },
        },
      },
      async (request, reply) => {
        const { name, tag } = request.params;
        const caller = callerOf(request);
        await context.operations.run(() => removeTag(context, caller, name, tag));
        return await reply.code(204).send(null);
      },
    );

    app.put(
      '/:name/aliases/:alias',
      {
        ...writes,
        schema: {
          ...described(
            'addTemplateAlias',
            'Give a template another name',
            'It stands for all versions, and can be used wherever the name can.',
          ),
          params: aliasParameters,
          response: { 204: z.null(), ...failures(400, 401, 403, 404, 409) },
        },
      },
      async (request, reply) => {
        const { name, alias } = request.params;
        await addAlias(context, callerOf(request), name, alias);
        return await reply.code(204).send(null);
      },
    );

    app.delete(
      '/:name/aliases/:alias',
      {
        ...writes,
        schema: {
          ...described('removeTemplateAlias', 'Take another name from a template', 'The template stays.'),
          params: aliasParameters,
          response: { 204: z.null(), ...failures(400, 401, 403, 404, 409) },
        },
      },
      async (request, reply) => {
        const { name, alias } = request.params;
        await removeAlias(context, callerOf(request), name, alias);
        return await reply.code(204).send(null);
      },
    );
  };

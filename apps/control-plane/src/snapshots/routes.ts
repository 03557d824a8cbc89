import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { withScope } from '../access/route-auth.ts';
import { callerOf } from '../http/auth.ts';
import { failures } from '../http/schemas.ts';
import { idempotencyHeaders, idempotencyKeyOf } from '../jobs/idempotency.ts';
import type { ServerContext } from '../server-context.ts';
import { placesInTree } from '../templates/place-in-tree.ts';
import { presentPlace } from '../templates/place-schemas.ts';
import { templateParameters } from '../templates/schemas.ts';
import { listTemplates } from '../templates/store.ts';
import { createSnapshot } from './create.ts';
import { deleteSnapshot } from './delete.ts';
import { presentTemplate } from './present.ts';
import { createdSnapshotBody, createSnapshotBody, listQuery, snapshotBody } from './schemas.ts';

const reads = { config: { auth: withScope('snapshots:read') } } as const;
const writes = { config: { auth: withScope('snapshots:write') } } as const;
const tags = ['snapshots'];

export const snapshotRoutes =
  (context: ServerContext): FastifyPluginAsyncZod =>
  async (app) => {
    app.post(
      '',
      {
        ...writes,
        schema: {
          operationId: 'createSnapshot',
          summary: 'Copy the state of a capsule',
          description:
            'The capsule goes on as it was, running or paused. The copy can be the template of other capsules. It goes on when the client disconnects.',
          tags,
          headers: idempotencyHeaders,
          body: createSnapshotBody,
          response: { 201: createdSnapshotBody, ...failures(400, 401, 404, 409, 502, 503, 504, 507) },
        },
      },
      async (request, reply) => {
        const { sandbox_id: capsuleId, name } = request.body;
        const made = await createSnapshot(context, {
          ...callerOf(request),
          capsuleId,
          kind: 'snapshot',
          name,
          idempotencyKey: idempotencyKeyOf(request.headers),
        });
        return await reply.code(201).send(made);
      },
    );

    app.get(
      '',
      {
        ...reads,
        schema: {
          operationId: 'listSnapshots',
          summary: 'List snapshots and templates',
          description:
            "The team's own and the platform's, newest first; each version of a template by itself. GET /v1/templates tells more.",
          tags,
          querystring: listQuery,
          response: { 200: z.array(snapshotBody), ...failures(400, 401) },
        },
      },
      async (request) => {
        const { teamId } = callerOf(request);
        const found = await listTemplates(context.database, teamId, request.query.type);
        const placeOf = await placesInTree(context.database, teamId, found);
        return found.map((template) => ({
          ...presentTemplate(template),
          ...presentPlace(template, placeOf(template), teamId),
        }));
      },
    );

    app.delete(
      '/:name',
      {
        ...writes,
        schema: {
          operationId: 'deleteSnapshot',
          summary: 'Delete a snapshot',
          description:
            'A version of a template goes with the tags that it has. Capsules that were made from it are not affected. Refused while a build begins from it.',
          tags,
          params: templateParameters,
          response: { 204: z.null(), ...failures(400, 401, 403, 404, 409) },
        },
      },
      async (request, reply) => {
        const caller = callerOf(request);
        await context.operations.run(() => deleteSnapshot(context, caller, request.params.name));
        return await reply.code(204).send(null);
      },
    );
  };

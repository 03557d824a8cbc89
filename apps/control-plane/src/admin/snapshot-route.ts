import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { callerOf } from '../http/auth.ts';
import { capsuleIdParameters, failures } from '../http/schemas.ts';
import { idempotencyHeaders, idempotencyKeyOf } from '../jobs/idempotency.ts';
import type { ServerContext } from '../server-context.ts';
import { createdSnapshotBody, createSnapshotBody } from '../snapshots/schemas.ts';
import { snapshotForAll } from './snapshot.ts';

/** Below /v1/admin/capsules. */
export const platformSnapshotRoute =
  (context: ServerContext): FastifyPluginAsyncZod =>
  async (app) => {
    app.post(
      '/:id/snapshot',
      {
        config: { auth: 'platform' },
        schema: {
          operationId: 'platformSnapshotCapsule',
          summary: 'Make a capsule a template for all teams',
          description:
            'The capsule is destroyed. A template of the platform that has the name is replaced when the new one is whole.',
          tags: ['capsules of the platform'],
          params: capsuleIdParameters,
          headers: idempotencyHeaders,
          body: createSnapshotBody.pick({ name: true }),
          response: { 201: createdSnapshotBody, ...failures(400, 401, 403, 404, 409, 502, 503, 504, 507) },
        },
      },
      async (request, reply) => {
        const made = await snapshotForAll(context, callerOf(request), {
          capsuleId: request.params.id,
          name: request.body.name,
          idempotencyKey: idempotencyKeyOf(request.headers),
        });
        return await reply.code(201).send(made);
      },
    );
  };

import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { withScope } from '../access/route-auth.ts';
import { callerOf } from '../http/auth.ts';
import { capsuleIdParameters, failures } from '../http/schemas.ts';
import { idempotencyHeaders, idempotencyKeyOf } from '../jobs/idempotency.ts';
import type { ServerContext } from '../server-context.ts';
import { createSnapshot } from '../snapshots/create.ts';
import { checkpointBody, createdSnapshotBody } from '../snapshots/schemas.ts';

export function checkpointRoute(app: Parameters<FastifyPluginAsyncZod>[0], context: ServerContext): void {
  app.post(
    '/:id/checkpoint',
    {
      config: { auth: withScope('snapshots:write') },
      schema: {
        operationId: 'checkpointCapsule',
        summary: 'Keep a copy of the state of a capsule',
        description: 'The same as a snapshot, with another name where none is given. The capsule goes on.',
        tags: ['capsules'],
        params: capsuleIdParameters,
        headers: idempotencyHeaders,
        body: checkpointBody,
        response: { 201: createdSnapshotBody, ...failures(400, 401, 404, 409, 502, 503, 504, 507) },
      },
    },
    async (request, reply) => {
      const made = await createSnapshot(context, {
        ...callerOf(request),
        capsuleId: request.params.id,
        kind: 'checkpoint',
        name: request.body.name,
        idempotencyKey: idempotencyKeyOf(request.headers),
      });
      return await reply.code(201).send(made);
    },
  );
}

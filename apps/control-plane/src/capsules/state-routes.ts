import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { withScope } from '../access/route-auth.ts';
import { callerOf } from '../http/auth.ts';
import { capsuleIdParameters, failures } from '../http/schemas.ts';
import { idempotencyHeaders, idempotencyKeyOf } from '../jobs/idempotency.ts';
import type { ServerContext } from '../server-context.ts';
import { pauseCapsule } from './pause.ts';
import { pingCapsule } from './ping.ts';
import { resumeCapsule } from './resume.ts';
import { pausedBody, resumeBody, resumedBody } from './state-schemas.ts';

const common = { config: { auth: withScope('capsules:write') } } as const;
const tags = ['capsules'];

/** Pause, resume and ping. */
export function stateRoutes(app: Parameters<FastifyPluginAsyncZod>[0], context: ServerContext): void {
  app.post(
    '/:id/pause',
    {
      ...common,
      schema: {
        operationId: 'pauseCapsule',
        summary: 'Pause a capsule',
        description:
          'Its memory and disk are on the disk of its host when this answers. It goes on when the client disconnects.',
        tags,
        params: capsuleIdParameters,
        headers: idempotencyHeaders,
        body: z.strictObject({}),
        response: { 200: pausedBody, ...failures(400, 401, 404, 409, 502, 503, 504, 507) },
      },
    },
    async (request) => {
      const { teamId, actor } = callerOf(request);
      const idempotencyKey = idempotencyKeyOf(request.headers);
      return await pauseCapsule(context, { teamId, actor, id: request.params.id, idempotencyKey });
    },
  );

  app.post(
    '/:id/resume',
    {
      ...common,
      schema: {
        operationId: 'resumeCapsule',
        summary: 'Resume a paused capsule',
        description: 'Answers when commands can be run. A fault leaves the capsule paused as it was.',
        tags,
        params: capsuleIdParameters,
        headers: idempotencyHeaders,
        body: resumeBody,
        response: { 200: resumedBody, ...failures(400, 401, 404, 409, 502, 503, 504, 507) },
      },
    },
    async (request) => {
      const { teamId, actor } = callerOf(request);
      const idempotencyKey = idempotencyKeyOf(request.headers);
      const timeoutSec = request.body.timeout_sec;
      return await resumeCapsule(context, {
        teamId,
        actor,
        id: request.params.id,
        timeoutSec,
        idempotencyKey,
      });
    },
  );

  app.post(
    '/:id/ping',
    {
      ...common,
      schema: {
        operationId: 'pingCapsule',
        summary: 'Count as a use of a capsule',
        description: 'The time after which it is paused begins anew.',
        tags,
        params: capsuleIdParameters,
        body: z.strictObject({}),
        response: { 204: z.null(), ...failures(400, 401, 404, 409, 502, 503, 504) },
      },
    },
    async (request, reply) => {
      await pingCapsule(context, callerOf(request).teamId, request.params.id);
      return await reply.code(204).send(null);
    },
  );
}

import type { JobId } from '@wrenn/core';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import { withScope } from '../access/route-auth.ts';
import { callerOf } from '../http/auth.ts';
import { capsuleIdParameters, failures } from '../http/schemas.ts';
import { idempotencyHeaders, idempotencyKeyOf } from '../jobs/idempotency.ts';
import { runJob } from '../jobs/run.ts';
import type { ServerContext } from '../server-context.ts';
import { type Fork, forkCapsule } from './fork.ts';
import { forkBody, forkedBody } from './fork-schemas.ts';
import { present, presentSteps, rounded } from './present.ts';

export function forkRoute(app: Parameters<FastifyPluginAsyncZod>[0], context: ServerContext): void {
  app.post(
    '/:id/fork',
    {
      config: { auth: withScope('capsules:write') },
      schema: {
        operationId: 'forkCapsule',
        summary: 'Make capsules that go on from where this one is',
        description:
          'The capsule itself goes on as it was. Its children have its memory, processes and files, and an identity of their own. Answers when they run; it goes on when the client disconnects.',
        tags: ['capsules'],
        params: capsuleIdParameters,
        headers: idempotencyHeaders,
        body: forkBody,
        response: { 201: forkedBody, ...failures(400, 401, 404, 409, 502, 503, 504, 507) },
      },
    },
    async (request, reply) => {
      const { teamId, actor } = callerOf(request);
      const { id: capsuleId } = request.params;
      const { count, timeout_sec: timeoutSec, metadata } = request.body;
      const idempotencyKey = idempotencyKeyOf(request.headers);
      const spec = { kind: 'fork', teamId, actor, capsuleId, request: request.body, idempotencyKey };
      const forked = await runJob(context, spec, async ({ id }) =>
        presentFork(
          id,
          await forkCapsule(context, { teamId, actor }, capsuleId, { count, timeoutSec, metadata }),
        ),
      );
      return await reply.code(201).send(forked);
    },
  );
}

function presentFork(job: JobId, { capsules, failed, steps, stillMs }: Fork): z.output<typeof forkedBody> {
  return {
    job_id: job,
    capsules: capsules.map(present),
    failed: failed.map(({ id, error }) => ({ id, code: error.code, message: error.message })),
    steps: presentSteps(steps),
    still_ms: rounded(stillMs),
  };
}

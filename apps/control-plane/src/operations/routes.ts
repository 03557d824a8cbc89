import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { withScope } from '../access/route-auth.ts';
import { presentSteps, rounded } from '../capsules/present.ts';
import { findCapsule } from '../capsules/store.ts';
import { callerOf } from '../http/auth.ts';
import { capsuleIdParameters, failures } from '../http/schemas.ts';
import type { ServerContext } from '../server-context.ts';
import type { StoredOperation } from './operation.ts';
import { operationBody, operationsQuery } from './schemas.ts';
import { listOperations } from './store.ts';

export const operationRoutes =
  ({ database }: Pick<ServerContext, 'database'>): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      '/:id/operations',
      {
        config: { auth: withScope('capsules:read') },
        schema: {
          operationId: 'listCapsuleOperations',
          summary: 'List what was done with a capsule',
          description:
            'The newest first: the last fifty, of the last thirty days, with what their time went to, and what the guest said when it was started.',
          tags: ['capsules'],
          params: capsuleIdParameters,
          querystring: operationsQuery,
          response: { 200: z.array(operationBody), ...failures(400, 401, 404) },
        },
      },
      async (request) => {
        const { teamId } = callerOf(request);
        const capsule = await findCapsule(database, teamId, request.params.id);
        const found = await listOperations(database, { teamId, capsuleId: capsule.id }, request.query.limit);
        return found.map(present);
      },
    );
  };

function present(operation: StoredOperation): z.output<typeof operationBody> {
  const { failure, jobId, startedAt, finishedAt, stillMs, receipt } = operation;
  return {
    id: operation.id,
    kind: operation.kind,
    outcome: failure === undefined ? 'succeeded' : 'failed',
    ...(failure === undefined ? {} : { error: failure }),
    actor: operation.actor,
    ...(jobId === undefined ? {} : { job_id: jobId }),
    started_at: startedAt.toISOString(),
    finished_at: finishedAt.toISOString(),
    duration_ms: Math.max(0, finishedAt.getTime() - startedAt.getTime()),
    steps: presentSteps(operation.steps),
    ...(stillMs === undefined ? {} : { still_ms: rounded(stillMs) }),
    ...(receipt === undefined ? {} : { receipt: { ...receipt } }),
  };
}

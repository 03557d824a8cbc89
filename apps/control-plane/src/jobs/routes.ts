import { errorCodes, parseId, WrennError } from '@wrenn/core';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { withScope } from '../access/route-auth.ts';
import { jobStatuses } from '../db/schema.ts';
import { callerOf } from '../http/auth.ts';
import { failures } from '../http/schemas.ts';
import type { ServerContext } from '../server-context.ts';
import { findJob, type Job } from './store.ts';

const codes = Object.keys(errorCodes) as [keyof typeof errorCodes, ...(keyof typeof errorCodes)[]];

const jobIdParameters = z.object({
  id: z.string().transform((value, context) => {
    try {
      return parseId('job', value);
    } catch (thrown) {
      if (!(thrown instanceof WrennError)) throw thrown;
      context.addIssue({ code: 'custom', message: thrown.remedy ?? thrown.message });
      return z.NEVER;
    }
  }),
});

const jobBody = z
  .object({
    id: z.string(),
    kind: z.string(),
    status: z
      .enum(jobStatuses)
      .describe(
        '`unknown`: its process died and its host does not answer; the capsule says what came of it.',
      ),
    capsule_id: z.string().optional(),
    created_at: z.string().meta({ format: 'date-time' }),
    finished_at: z.string().meta({ format: 'date-time' }).optional(),
    steps: z.array(z.object({ name: z.string(), duration_ms: z.number() })).optional(),
    result: z.record(z.string(), z.unknown()).optional().describe('What the request was answered.'),
    error: z
      .object({
        code: z.enum(codes),
        message: z.string(),
        field: z.string().optional(),
        remedy: z.string().optional(),
        retryable: z.boolean(),
      })
      .optional(),
  })
  .meta({ id: 'Job' });

export const jobRoutes =
  (context: ServerContext): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      '/:id',
      {
        config: { auth: withScope('capsules:read') },
        schema: {
          operationId: 'getJob',
          summary: 'Get a job',
          description:
            'An operation on a capsule: whether it still runs, or what came of it. Kept for seven days.',
          tags: ['jobs'],
          params: jobIdParameters,
          response: { 200: jobBody, ...failures(400, 401, 404) },
        },
      },
      async (request) =>
        present(await findJob(context.database, callerOf(request).teamId, request.params.id)),
    );
  };

const stepsOf = z.array(z.object({ name: z.string(), duration_ms: z.number() })).catch([]);
const resultOf = z.record(z.string(), z.unknown()).optional().catch(undefined);

function present(job: Job): z.output<typeof jobBody> {
  const result = resultOf.parse(job.result);
  return {
    id: job.id,
    kind: job.kind,
    status: job.status,
    ...(job.capsuleId === undefined ? {} : { capsule_id: job.capsuleId }),
    created_at: job.createdAt.toISOString(),
    ...(job.finishedAt === undefined ? {} : { finished_at: job.finishedAt.toISOString() }),
    ...(job.status === 'running' ? {} : { steps: stepsOf.parse(job.steps) }),
    ...(result === undefined ? {} : { result }),
    ...(job.error === undefined ? {} : { error: job.error.toJSON() }),
  };
}

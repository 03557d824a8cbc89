import type { CapsuleId, JobId, TeamId, WrennError } from '@wrenn/core';
import { z } from 'zod';
import type { Actor } from '../access/principal.ts';
import { wasRefused } from '../audit/failure.ts';
import type { Operation } from './operation.ts';

export interface EndedJob {
  readonly id: JobId;
  readonly kind: string;
  readonly teamId: TeamId;
  readonly actor: Actor;
  readonly capsuleId: CapsuleId;
  readonly startedAt: Date;
  readonly finishedAt: Date;
  readonly result: object | undefined;
  readonly error: WrennError | undefined;
}

/** What clients are answered by operations on the state of a capsule, as far as it is kept. */
const answer = z.object({
  steps: z
    .array(
      z
        .object({ name: z.string(), duration_ms: z.number() })
        .transform((step) => ({ name: step.name, durationMs: step.duration_ms })),
    )
    .default([]),
  still_ms: z.number().optional(),
  receipt: z.record(z.string(), z.unknown()).optional(),
});

/** What the operations of its capsule have of a job that has ended; undefined where nothing was begun. */
export function operationOfJob(job: EndedJob): Operation | undefined {
  const { id, kind, teamId, actor, capsuleId, startedAt, finishedAt, error } = job;
  if (error !== undefined && wasRefused(error)) return undefined;
  const { steps, still_ms: stillMs, receipt } = answer.catch({ steps: [] }).parse(job.result ?? {});
  return {
    ...{ jobId: id, kind, teamId, actor, capsuleId, startedAt, finishedAt, steps, stillMs, receipt },
    failure: error && { code: error.code, message: error.message },
  };
}

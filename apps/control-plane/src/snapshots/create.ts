import type { CapsuleId, JobId, TeamId } from '@wrenn/core';
import type { z } from 'zod';
import { runJob } from '../jobs/run.ts';
import type { ServerContext } from '../server-context.ts';
import { generatedName } from '../templates/names.ts';
import { presentTemplate } from './present.ts';
import type { createdSnapshotBody } from './schemas.ts';
import { snapshotOfJob, type TakenSnapshot, takeSnapshot } from './take.ts';

/** The same operation; they differ in the name that is given where none is asked for. */
export type SnapshotKind = 'snapshot' | 'checkpoint';
const prefixes: Record<SnapshotKind, string> = { snapshot: 'template', checkpoint: 'checkpoint' };

export interface SnapshotRequest {
  readonly teamId: TeamId;
  readonly capsuleId: CapsuleId;
  readonly kind: SnapshotKind;
  readonly name: string | undefined;
  readonly idempotencyKey: string | undefined;
}

type Created = z.output<typeof createdSnapshotBody>;

/** Copies a capsule's state into a snapshot, as a job. */
export async function createSnapshot(context: ServerContext, request: SnapshotRequest): Promise<Created> {
  const { teamId, capsuleId, kind, name, idempotencyKey } = request;
  const asked = name === undefined ? {} : { name };
  const spec = { kind, teamId, capsuleId, request: asked, idempotencyKey };
  return await runJob(context, spec, async ({ id }) => {
    const given = name ?? generatedName(prefixes[kind]);
    return present(id, await takeSnapshot(context, teamId, capsuleId, given, snapshotOfJob(id)));
  });
}

export function present(job: JobId, { template, steps, stillMs }: TakenSnapshot): Created {
  return {
    ...presentTemplate(template),
    job_id: job,
    steps: steps.map((step) => ({ name: step.name, duration_ms: rounded(step.durationMs) })),
    still_ms: rounded(stillMs),
  };
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}

import { type CapsuleId, type JobId, WrennError } from '@wrenn/core';
import type { z } from 'zod';
import type { Doer } from '../access/principal.ts';
import { presentSteps, rounded } from '../capsules/present.ts';
import { runJob } from '../jobs/run.ts';
import type { Job } from '../jobs/store.ts';
import type { ServerContext } from '../server-context.ts';
import { generatedName } from '../templates/names.ts';
import { presentTemplate } from './present.ts';
import type { createdSnapshotBody } from './schemas.ts';
import { finishSnapshot, type TakenSnapshot, takeSnapshot } from './take.ts';

/** The same operation; they differ in the name that is given where none is asked for. */
export type SnapshotKind = 'snapshot' | 'checkpoint';
const prefixes: Record<SnapshotKind, string> = { snapshot: 'template', checkpoint: 'checkpoint' };

export interface SnapshotRequest extends Doer {
  readonly capsuleId: CapsuleId;
  readonly kind: SnapshotKind;
  readonly name: string | undefined;
  readonly idempotencyKey: string | undefined;
}

type Created = z.output<typeof createdSnapshotBody>;

/** Copies a capsule's state into a snapshot, as a job. */
export async function createSnapshot(context: ServerContext, request: SnapshotRequest): Promise<Created> {
  const { teamId, actor, capsuleId, kind, name, idempotencyKey } = request;
  const asked = name === undefined ? {} : { name };
  const spec = { kind, teamId, actor, capsuleId, request: asked, idempotencyKey };
  return await runJob(context, spec, async ({ id }) => {
    const given = name ?? generatedName(prefixes[kind]);
    return present(id, await takeSnapshot(context, { ...spec, id }, given));
  });
}

/** For the job monitor: goes on where a process died. */
export async function recoverSnapshot(
  context: ServerContext,
  { id, teamId, actor, capsuleId }: Pick<Job, 'id' | 'capsuleId' | keyof Doer>,
): Promise<Created> {
  const taken =
    capsuleId === undefined ? undefined : await finishSnapshot(context, { id, teamId, actor, capsuleId });
  if (taken !== undefined) return present(id, taken);
  throw new WrennError('internal_error', 'the process that did this died before the snapshot was begun', {
    remedy: 'ask again, with a new idempotency key',
  });
}

function present(job: JobId, { template, steps, stillMs }: TakenSnapshot): Created {
  return {
    ...presentTemplate(template),
    job_id: job,
    steps: presentSteps(steps),
    still_ms: rounded(stillMs),
  };
}

import { type CapsuleId, nextCapsuleState, WrennError } from '@wrenn/core';
import type { PauseSandboxResponse } from '@wrenn/protocol/hostagent';
import type { z } from 'zod';
import type { Doer } from '../access/principal.ts';
import { runJob } from '../jobs/run.ts';
import type { Job } from '../jobs/store.ts';
import type { ServerContext } from '../server-context.ts';
import { present, presentSteps, rounded } from './present.ts';
import type { pausedBody } from './state-schemas.ts';
import { findCapsule, findPlaced, transition } from './store.ts';

type Paused = z.output<typeof pausedBody>;

export interface StateRequest extends Doer {
  readonly id: CapsuleId;
  readonly idempotencyKey?: string | undefined;
}

/** Puts a running capsule on its host's disk, with its memory. Answers when it is durable. */
export async function pauseCapsule(context: ServerContext, request: StateRequest): Promise<Paused> {
  const { teamId, actor, id: capsuleId, idempotencyKey } = request;
  const spec = { kind: 'pause', teamId, actor, capsuleId, request: {}, idempotencyKey };
  return await runJob(context, spec, async (job) => {
    const { status } = await findPlaced(context.database, teamId, capsuleId);
    nextCapsuleState('pause', status);
    return await pauseOnHost(context, { ...spec, id: job.id });
  });
}

/** Goes on with a pause whose process died: the host pauses what runs, and says what it has paused already. */
export async function recoverPause(context: ServerContext, { capsuleId, ...job }: Job): Promise<Paused> {
  if (capsuleId === undefined) throw new WrennError('internal_error', 'a pause without a capsule');
  return await pauseOnHost(context, { ...job, capsuleId });
}

async function pauseOnHost(
  context: ServerContext,
  { id: job, teamId, actor, capsuleId: id }: Pick<Job, 'id' | keyof Doer> & { readonly capsuleId: CapsuleId },
): Promise<Paused> {
  const { agents, database, hostMonitor } = context;
  const { host, status } = await findPlaced(database, teamId, id);
  try {
    const answer = await agents.of(host).pause(id);
    const isKnown = status === 'paused';
    const happening = { what: 'capsule.pause', actor, metadata: { job } } as const;
    const capsule = isKnown
      ? await findCapsule(database, teamId, id)
      : await transition(context, { id, action: 'pause', happening });
    return { ...present(capsule), job_id: job, ...presentPause(answer) };
  } catch (thrown) {
    // Whether it is paused now, only its host knows.
    hostMonitor.poke();
    throw thrown;
  }
}

function presentPause({ steps, stillMs, memoryBytes, diskBytes }: PauseSandboxResponse) {
  return {
    steps: presentSteps(steps),
    still_ms: rounded(stillMs),
    memory_bytes: Number(memoryBytes),
    disk_bytes: Number(diskBytes),
  };
}

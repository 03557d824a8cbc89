import { type CapsuleId, deadline, type ErrorCode, nextCapsuleState, WrennError } from '@wrenn/core';
import { sql } from 'kysely';
import { z } from 'zod';
import type { Doer } from '../access/principal.ts';
import { runJob } from '../jobs/run.ts';
import type { Job } from '../jobs/store.ts';
import { parseReceipt } from '../operations/operation.ts';
import type { ServerContext } from '../server-context.ts';
import { noticePause } from './notice-pause.ts';
import type { StateRequest } from './pause.ts';
import { present, presentSteps } from './present.ts';
import type { resumedBody } from './state-schemas.ts';
import { findCapsule, findPlaced, type PlacedCapsule, transition } from './store.ts';

type Resumed = z.output<typeof resumedBody>;

export interface ResumeRequest extends StateRequest {
  /** Replaces the capsule's, where it is given. */
  readonly timeoutSec?: number | undefined;
}

const lookDeadlineMs = 5_000;

const storedRequest = z.object({ timeout_sec: z.int().optional() });

/** Lets a paused capsule go on. Answers when commands can be run; a fault leaves it paused as it was. */
export async function resumeCapsule(context: ServerContext, request: ResumeRequest): Promise<Resumed> {
  const { teamId, actor, id: capsuleId, timeoutSec, idempotencyKey } = request;
  const asked = timeoutSec === undefined ? {} : { timeout_sec: timeoutSec };
  const spec = { kind: 'resume', teamId, actor, capsuleId, request: asked, idempotencyKey };
  return await runJob(context, spec, async (job) => {
    const { status, host } = await findPlaced(context.database, teamId, capsuleId);
    if (status !== 'running' || !(await hasPausedUnseen(context, host, capsuleId)))
      nextCapsuleState('resume', status);
    return await resumeOnHost(context, { ...spec, id: job.id }, timeoutSec);
  });
}

async function hasPausedUnseen(
  context: ServerContext,
  host: PlacedCapsule['host'],
  id: CapsuleId,
): Promise<boolean> {
  using limit = deadline(lookDeadlineMs, 'asking the host whether the capsule is paused');
  return await noticePause(context, context.agents.of(host), id, limit);
}

/** Goes on with a resume whose process died: the host starts what is paused, and says what runs already. */
export async function recoverResume(
  context: ServerContext,
  { capsuleId, request, ...job }: Job,
): Promise<Resumed> {
  if (capsuleId === undefined) throw new WrennError('internal_error', 'a resume without a capsule');
  const { timeout_sec: timeoutSec } = storedRequest.parse(request);
  return await resumeOnHost(context, { ...job, capsuleId }, timeoutSec);
}

async function resumeOnHost(
  context: ServerContext,
  { id: job, teamId, actor, capsuleId: id }: Pick<Job, 'id' | keyof Doer> & { readonly capsuleId: CapsuleId },
  timeoutSec: number | undefined,
): Promise<Resumed> {
  const { agents, database, hostMonitor } = context;
  const { host, status } = await findPlaced(database, teamId, id);
  // One that died in the middle left it `starting`, or `running` when only the job's end was not written.
  if (status === 'paused') await transition(context, { id, action: 'resume' });
  try {
    const answer = await agents.of(host).resume(id, timeoutSec);
    const isKnown = status === 'running';
    const changes = {
      facts: JSON.stringify(answer.metadata),
      host_ip: answer.hostIp,
      last_active_at: sql<Date>`now()`,
      ...(timeoutSec === undefined ? {} : { timeout_sec: timeoutSec }),
    };
    const happening = { what: 'capsule.resume', actor, metadata: { job } } as const;
    const capsule = isKnown
      ? await findCapsule(database, teamId, id)
      : await transition(context, { id, action: 'started', changes, happening });
    return {
      ...present(capsule),
      job_id: job,
      steps: presentSteps(answer.steps),
      receipt: { ...parseReceipt(answer.receipt) },
    };
  } catch (thrown) {
    // From a host that gave no answer it stays `starting` until the host monitor has seen what came of it.
    if (!isUnanswered(thrown)) await backToPaused(context, id);
    hostMonitor.poke();
    throw thrown;
  }
}

const unanswered = new Set<ErrorCode>(['host_unavailable', 'deadline_exceeded', 'cancelled']);

function isUnanswered(thrown: unknown): boolean {
  return thrown instanceof WrennError && unanswered.has(thrown.code);
}

async function backToPaused(context: ServerContext, id: CapsuleId): Promise<void> {
  try {
    await transition(context, { id, action: 'find_paused' });
  } catch (thrown) {
    // It was destroyed, or is known to be paused already.
    if (!(thrown instanceof WrennError && thrown.code === 'invalid_state')) throw thrown;
  }
}

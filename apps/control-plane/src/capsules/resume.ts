import {
  type CapsuleId,
  deadline,
  type ErrorCode,
  nextCapsuleState,
  type TeamId,
  WrennError,
} from '@wrenn/core';
import { sql } from 'kysely';
import { z } from 'zod';
import { runJob } from '../jobs/run.ts';
import type { Job } from '../jobs/store.ts';
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
const receipt = z.record(z.string(), z.unknown());

/** Lets a paused capsule go on. Answers when commands can be run; a fault leaves it paused as it was. */
export async function resumeCapsule(context: ServerContext, request: ResumeRequest): Promise<Resumed> {
  const { teamId, id: capsuleId, timeoutSec, idempotencyKey } = request;
  const asked = timeoutSec === undefined ? {} : { timeout_sec: timeoutSec };
  const spec = { kind: 'resume', teamId, capsuleId, request: asked, idempotencyKey };
  return await runJob(context, spec, async (job) => {
    const { status, host } = await findPlaced(context.database, teamId, capsuleId);
    if (status !== 'running' || !(await hasPausedUnseen(context, host, capsuleId)))
      nextCapsuleState('resume', status);
    return await resumeOnHost(context, job.id, teamId, capsuleId, timeoutSec);
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
export async function recoverResume(context: ServerContext, job: Job): Promise<Resumed> {
  const { id, teamId, capsuleId } = job;
  if (capsuleId === undefined) throw new WrennError('internal_error', 'a resume without a capsule');
  const { timeout_sec: timeoutSec } = storedRequest.parse(job.request);
  return await resumeOnHost(context, id, teamId, capsuleId, timeoutSec);
}

async function resumeOnHost(
  { agents, database, hostMonitor }: ServerContext,
  job: Job['id'],
  teamId: TeamId,
  id: CapsuleId,
  timeoutSec: number | undefined,
): Promise<Resumed> {
  const { host, status } = await findPlaced(database, teamId, id);
  // One that died in the middle left it `starting`, or `running` when only the job's end was not written.
  if (status === 'paused') await transition(database, id, 'resume');
  try {
    const answer = await agents.of(host).resume(id, timeoutSec);
    const isKnown = status === 'running';
    const capsule = isKnown
      ? await findCapsule(database, teamId, id)
      : await transition(database, id, 'started', {
          facts: JSON.stringify(answer.metadata),
          host_ip: answer.hostIp,
          last_active_at: sql<Date>`now()`,
          ...(timeoutSec === undefined ? {} : { timeout_sec: timeoutSec }),
        });
    return {
      ...present(capsule),
      job_id: job,
      steps: presentSteps(answer.steps),
      receipt: parseReceipt(answer.receipt),
    };
  } catch (thrown) {
    // From a host that gave no answer it stays `starting` until the host monitor has seen what came of it.
    if (!isUnanswered(thrown)) await backToPaused(database, id);
    hostMonitor.poke();
    throw thrown;
  }
}

const unanswered = new Set<ErrorCode>(['host_unavailable', 'deadline_exceeded', 'cancelled']);

function isUnanswered(thrown: unknown): boolean {
  return thrown instanceof WrennError && unanswered.has(thrown.code);
}

async function backToPaused(database: ServerContext['database'], id: CapsuleId): Promise<void> {
  try {
    await transition(database, id, 'find_paused');
  } catch (thrown) {
    // It was destroyed, or is known to be paused already.
    if (!(thrown instanceof WrennError && thrown.code === 'invalid_state')) throw thrown;
  }
}

/** What the guest said, as far as it can be read. */
function parseReceipt(text: string): Record<string, unknown> {
  try {
    return receipt.catch({}).parse(JSON.parse(text));
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return {};
    throw thrown;
  }
}

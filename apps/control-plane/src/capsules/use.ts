import { type CapsuleId, deadline, nextCapsuleState, until, WrennError } from '@wrenn/core';
import type { Doer } from '../access/principal.ts';
import { type HostAgent, stateDeadlineMs } from '../hosts/agent.ts';
import type { ServerContext } from '../server-context.ts';
import { noticePause } from './notice-pause.ts';
import { resumeCapsule } from './resume.ts';
import { findPlaced, type PlacedCapsule, versionOf } from './store.ts';

const waitMs = stateDeadlineMs + 60_000;
/** Between two looks at a capsule that somebody else resumes. */
const lookEveryMs = 50;
/** Resumes of this process: whoever needs the same capsule shares the outcome, also when it is a fault. */
const resuming = new Map<CapsuleId, Promise<unknown>>();

/** Uses a capsule that runs. One that is paused is resumed first, if it was made with `auto_resume`. */
export async function useCapsule<T>(
  context: ServerContext,
  doer: Doer,
  id: CapsuleId,
  signal: AbortSignal,
  use: (agent: HostAgent) => Promise<T>,
): Promise<T> {
  const capsule = await runningNow(context, doer, id, signal);
  const agent = context.agents.of(capsule.host);
  try {
    return await use(agent);
  } catch (thrown) {
    if (!(thrown instanceof WrennError && thrown.code === 'invalid_state')) throw thrown;
    // The host has paused it by itself, and the row does not say so yet; or somebody else has seen that, and has resumed
    // it since. Either way nothing was run.
    const isPaused = await noticePause(context, agent, id, signal);
    if (!isPaused && (await versionOf(context.database, id)) === capsule.version) throw thrown;
    const resumed = await runningNow(context, doer, id, signal);
    return await use(context.agents.of(resumed.host));
  }
}

/** The capsule when it runs. */
async function runningNow(
  context: ServerContext,
  doer: Doer,
  id: CapsuleId,
  signal: AbortSignal,
): Promise<PlacedCapsule> {
  using limit = deadline(waitMs, 'waiting for the capsule to be resumed', signal);
  return await until(
    async () => {
      const capsule = await findPlaced(context.database, doer.teamId, id);
      if (capsule.status === 'running') return capsule;
      refuseUnlessResumable(capsule);
      if (capsule.status === 'paused') await resumeOnce(context, doer, id);
      return undefined;
    },
    lookEveryMs,
    limit,
  );
}

function refuseUnlessResumable({ id, status, autoResume }: PlacedCapsule): void {
  if (autoResume && (status === 'paused' || status === 'starting')) return;
  if (status === 'paused') {
    throw new WrennError('invalid_state', 'a capsule that is paused cannot run commands', {
      remedy: `resume it with POST /v1/capsules/${id}/resume, or make capsules with auto_resume`,
    });
  }
  nextCapsuleState('exec', status);
}

async function resumeOnce(context: ServerContext, { teamId, actor }: Doer, id: CapsuleId): Promise<void> {
  const known = resuming.get(id);
  const resumed = known ?? resumeCapsule(context, { teamId, actor, id });
  if (known === undefined) resuming.set(id, resumed);
  try {
    await resumed;
  } catch (thrown) {
    // Another replica resumes it, or another operation is to end first: it is looked at again.
    const { code } = WrennError.from(thrown);
    if (code !== 'busy' && code !== 'invalid_state') throw thrown;
  } finally {
    if (resuming.get(id) === resumed) resuming.delete(id);
  }
}

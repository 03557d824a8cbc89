import { type CapsuleId, pause, WrennError } from '@wrenn/core';
import type { Doer } from '../access/principal.ts';
import { noticePause } from '../capsules/notice-pause.ts';
import { findPlaced, versionOf } from '../capsules/store.ts';
import { useCapsule } from '../capsules/use.ts';
import type { HostAgent } from '../hosts/agent.ts';
import type { ServerContext } from '../server-context.ts';

/** Between two looks at a capsule that is not there at the moment. */
const lookEveryMs = 1_000;

/** A capsule that somebody has a session with. */
export interface Target {
  readonly context: ServerContext;
  readonly doer: Doer;
  readonly capsuleId: CapsuleId;
}

/** Where a session found its capsule the last time. */
export interface LastReached {
  agent?: HostAgent | undefined;
}

/** Why a session stands still. */
export type Absence = 'paused' | 'unreachable';

/**
 * The first answer of `use` from the capsule's agent, when it can be given. While the capsule is paused, or its host
 * out of reach, this waits, and says so to `absent`; `wanted` says whether there is a reason to wake it, which happens
 * if it was made with `auto_resume`: a terminal that is only looked at lets its capsule sleep.
 *
 * Where it was `last` is asked first, since a query for each key is slower than the key: a host that does not have the
 * capsule, or has it paused, does nothing and says so. Then the database is asked, and `use` is called again.
 *
 * Throws what is for good: the capsule is gone, or `use` refuses.
 */
export async function reach<T>(
  { context, doer, capsuleId }: Target,
  options: {
    readonly use: (agent: HostAgent) => Promise<T>;
    readonly absent: (why: Absence) => Promise<void>;
    readonly wanted: () => boolean;
    readonly signal: AbortSignal;
    readonly last?: LastReached;
  },
): Promise<T> {
  const { absent, wanted, signal, last = {} } = options;
  const use = async (agent: HostAgent) => {
    last.agent = undefined;
    const answer = await options.use(agent);
    last.agent = agent;
    return answer;
  };
  if (last.agent !== undefined) {
    try {
      return await use(last.agent);
    } catch (thrown) {
      const error = WrennError.from(thrown, 'reaching the capsule');
      if (!isPassing(error) && error.code !== 'not_found') throw error;
    }
  }
  for (;;) {
    signal.throwIfAborted();
    const capsule = await findPlaced(context.database, doer.teamId, capsuleId);
    const agent = context.agents.of(capsule.host);
    try {
      if (wanted() && capsule.autoResume) return await useCapsule(context, doer, capsuleId, signal, use);
      if (capsule.status === 'running') return await use(agent);
    } catch (thrown) {
      const error = WrennError.from(thrown, 'reaching the capsule');
      if (!isPassing(error)) throw error;
      // Its host paused it, and the row may not say so yet; or it was resumed since.
      const isOld =
        error.code !== 'invalid_state' ||
        (await noticePause(context, agent, capsuleId, signal)) ||
        (await versionOf(context.database, capsuleId)) !== capsule.version;
      if (!isOld) throw error;
    }
    if (capsule.status === 'stopped' || capsule.status === 'error') {
      throw new WrennError('invalid_state', `the capsule is ${capsule.status}`);
    }
    await absent(capsule.status === 'paused' ? 'paused' : 'unreachable');
    await pause(lookEveryMs, signal);
  }
}

/** Whether it may be otherwise in a moment. */
function isPassing({ code }: WrennError): boolean {
  return code === 'host_unavailable' || code === 'busy' || code === 'invalid_state';
}

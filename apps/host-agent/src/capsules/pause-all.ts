import { atMost, type CapsuleId, deadline, describeError } from '@wrenn/core';
import type { RunningCapsule } from './capsule.ts';
import type { CapsuleContext } from './capsules.ts';
import { pauseCapsule } from './pause-capsule.ts';

export interface AllPaused {
  readonly paused: number;
  /** Those that could not be paused: they still run. */
  readonly failed: CapsuleId[];
}

export type Pause = (id: CapsuleId, signal: AbortSignal) => Promise<unknown>;
export type Note = (text: string) => void;

/** Pauses write whole memories: more at once only take longer each. */
const pausedAtOnce = 4;
const noteEveryMs = 5_000;
/** For what does not depend on how much there is to write. */
const leastLimitMs = 60_000;
/** What a slow disk takes for each MiB, when all of a capsule's memory has to be written. */
const perMiBMs = 50;

/** How long pausing these may take, all together. */
export function pauseAllLimitMs(capsules: readonly Pick<RunningCapsule, 'record'>[]): number {
  return capsules.reduce((sum, { record }) => sum + record.memoryMiB * perMiBMs, leastLimitMs);
}

/**
 * Pauses every running capsule; from then on this host starts no more. One that cannot be paused is left running:
 * machines outlive the agent, and the next one finds it. `note` is told at least every few seconds how far it is.
 */
export function pauseAll(context: CapsuleContext, note: Note, signal: AbortSignal): Promise<AllPaused> {
  return pauseAllWith(context, (id, until) => pauseCapsule(context, id, 'host', until), note, signal);
}

/** The same with any way to pause one. */
export async function pauseAllWith(
  context: Pick<CapsuleContext, 'capsules' | 'admission' | 'log'>,
  pause: Pause,
  note: Note,
  signal: AbortSignal,
): Promise<AllPaused> {
  context.admission.drain();
  const capsules = [...context.capsules.values()].filter((capsule) => capsule.kind === 'running');
  const total = capsules.length;
  const outcome: Outcome = { paused: 0, failed: [] };
  if (total === 0) return outcome;
  note(`pausing ${total} running ${capsuleWord(total)}`);
  using limit = deadline(pauseAllLimitMs(capsules), 'pausing all capsules', signal);
  // Past the limit it falls silent, which is how whoever listens notices a pause that does not even end when told to.
  const noting = setInterval(() => {
    if (!limit.aborted) note(`${outcome.paused} of ${total} paused`);
  }, noteEveryMs);
  try {
    await atMost(pausedAtOnce, capsules, ({ id }) => pauseOne(context, id, () => pause(id, limit), outcome));
  } finally {
    clearInterval(noting);
  }
  note(summary(outcome));
  return outcome;
}

interface Outcome extends AllPaused {
  paused: number;
}

async function pauseOne(
  { capsules, log }: Pick<CapsuleContext, 'capsules' | 'log'>,
  id: CapsuleId,
  pause: () => Promise<unknown>,
  outcome: Outcome,
): Promise<void> {
  try {
    await pause();
    outcome.paused += 1;
  } catch (thrown) {
    // Destroyed, or ended by itself, while it waited for its turn.
    if (capsules.get(id)?.kind !== 'running') return;
    log.error({ capsule: id, cause: describeError(thrown) }, 'a capsule could not be paused');
    outcome.failed.push(id);
  }
}

function summary({ paused, failed }: AllPaused): string {
  const done = `paused ${paused} ${capsuleWord(paused)}, to be resumed after the next start`;
  if (failed.length === 0) return done;
  return `${done}; ${failed.length} could not be paused and still ${failed.length === 1 ? 'runs' : 'run'}: ${failed.join(', ')}`;
}

function capsuleWord(count: number): string {
  return count === 1 ? 'capsule' : 'capsules';
}

import {
  allEnded,
  type CapsuleId,
  Cleanup,
  deadline,
  describeError,
  newId,
  type SnapshotId,
} from '@wrenn/core';
import { type PausedCapsule, type RunningCapsule, withoutMachine } from './capsule.ts';
import type { CapsuleRecord } from './capsule-record.ts';
import { type CapsuleContext, requireRunning } from './capsules.ts';
import { captureMachine, disksOf, factsOf, goOn, quiesce } from './capture.ts';
import { shortenedChain } from './disk-chain.ts';
import { releaseMachine } from './release-machine.ts';
import { Stopwatch, type TimedStep } from './stopwatch.ts';

/** For memory and disk of the largest capsule on a slow disk. */
const pauseDeadlineMs = 600_000;

export interface PausedOutcome {
  readonly steps: readonly TimedStep[];
  /** How long the guest stood still until its state was read. */
  readonly stillMs: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
}

/**
 * Takes a capsule to disk with memory and all, and frees its machine; returns when that is durable. One that is paused
 * already is left as it is. A fault before the snapshot is published leaves nothing of it, and the capsule goes on.
 */
export async function pauseCapsule(
  context: CapsuleContext,
  id: CapsuleId,
  by: 'caller' | 'host',
  signal: AbortSignal,
): Promise<PausedOutcome> {
  const outcome = await pauseCapsuleIf(context, id, by, signal, () => true);
  return outcome ?? { steps: [], stillMs: 0, memoryBytes: 0, diskBytes: 0 };
}

/** The same for a capsule of which `condition` holds when its turn comes; undefined where it does not. */
export function pauseCapsuleIf(
  context: CapsuleContext,
  id: CapsuleId,
  by: 'caller' | 'host',
  signal: AbortSignal,
  condition: (capsule: RunningCapsule) => boolean,
): Promise<PausedOutcome | undefined> {
  return context.locks.hold(id, signal, async () => {
    if (context.capsules.get(id)?.kind === 'paused') return undefined;
    const capsule = requireRunning(context, id);
    if (!condition(capsule)) return undefined;
    using limit = deadline(pauseDeadlineMs, `pausing capsule ${id}`, signal);
    return await pause(context, capsule, by, limit);
  });
}

async function pause(
  context: CapsuleContext,
  capsule: RunningCapsule,
  by: 'caller' | 'host',
  signal: AbortSignal,
): Promise<PausedOutcome> {
  const { id } = capsule;
  const watch = new Stopwatch('pause');
  await using undo = new Cleanup();
  const snapshotId = newId('snapshot');
  const before = capsule.record;
  // Before anything else has its turn: from here on no command is begun.
  const { lastActiveAtMs } = capsule.activity;
  capsule.record = { ...before, phase: 'pausing', snapshot: snapshotId, pausedBy: by, lastActiveAtMs };
  await undo.add('record', async () => {
    capsule.record = before;
    await context.journal.write(id, before);
  });
  await undo.add('traffic', () => context.traffic.release(id));
  // So that the last packets of what ends here are among those that the guest still sees.
  await watch.time('drain', () => context.traffic.drain(id, signal));
  await undo.add('guest', () => goOn(context, capsule));
  // From a record on the disk that names the snapshot, whoever finds both knows that the capsule is paused.
  await watch.time('prepare', () =>
    allEnded([context.journal.writeDurably(id, capsule.record), quiesce(context, capsule, signal)]),
  );
  await using draft = await context.snapshots.begin(snapshotId);
  const stopped = performance.now();
  const { memoryBytes } = await captureMachine(capsule, draft, watch, signal);
  const stillMs = performance.now() - stopped;
  const own = new Set(disksOf(capsule));
  const disks = await watch.time('disk', () => shortenedChain(context, capsule, signal));
  await undo.add('merged disk', async () => {
    for (const disk of disks) if (!own.has(disk)) await context.snapshots.discardDisk(disk);
  });
  const { diskBytes } = await watch.time('durable', () =>
    draft.publish(factsOf(context, capsule), disks, signal),
  );
  // From here on the snapshot is the capsule: whatever fails, the machine must not run again.
  undo.commit();
  context.capsules.set(id, await settlePaused(context, capsule, snapshotId));
  await watch.time('release', () => releaseMachine(context, capsule));
  await capsule.parent?.release();
  return { steps: watch.steps, stillMs, memoryBytes, diskBytes };
}

/** Makes a capsule whose snapshot is published one that is paused; also after the agent was killed in between. */
export async function settlePaused(
  context: CapsuleContext,
  { id, record }: Pick<RunningCapsule, 'id' | 'record'>,
  snapshotId: SnapshotId,
): Promise<PausedCapsule> {
  const state = context.snapshots.hold(snapshotId);
  const paused: CapsuleRecord = {
    ...withoutMachine(record),
    phase: 'paused',
    snapshot: snapshotId,
    disks: [],
  };
  try {
    await context.journal.write(id, paused);
  } catch (thrown) {
    // The record that is there names the snapshot too, and an agent that finds both comes to here again.
    context.log.error({ capsule: id, cause: describeError(thrown) }, 'writing that a capsule is paused');
  }
  return { kind: 'paused', id, record: paused, state };
}

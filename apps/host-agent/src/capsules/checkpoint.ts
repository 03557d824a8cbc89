import { Cleanup, type SnapshotId } from '@wrenn/core';
import type { DiskId, Hold } from '../snapshots/snapshot-store.ts';
import type { RunningCapsule } from './capsule.ts';
import type { CapsuleContext } from './capsules.ts';
import { captureMachine, disksOf, factsOf, quiesce } from './capture.ts';
import { sealDisks } from './seal-disks.ts';
import type { Stopwatch } from './stopwatch.ts';
import { whileStill } from './while-still.ts';

export interface Checkpoint {
  /** The caller's to release; the capsule has one of its own. */
  readonly hold: Hold;
  /** How long the guest stood still. */
  readonly stillMs: number;
}

/**
 * Copies the state of a running capsule into a snapshot; the capsule goes on, on a new disk above what is now part of
 * the snapshot. The caller has the capsule's lock. A fault leaves no snapshot, and the capsule goes on all the same.
 */
export async function checkpoint(
  context: CapsuleContext,
  capsule: RunningCapsule,
  snapshotId: SnapshotId,
  watch: Stopwatch,
  signal: AbortSignal,
): Promise<Checkpoint> {
  await using draft = await context.snapshots.begin(snapshotId);
  await using undo = new Cleanup();
  let sealed: readonly DiskId[] = [];
  const copying = {
    id: snapshotId,
    prepare: () => quiesce(context, capsule, signal),
    copy: async () => {
      await captureMachine(capsule, draft, watch, signal);
      sealed = await watch.time('disk', () => sealDisks(context, capsule, undo, signal));
    },
  };
  const stillMs = await whileStill(context, capsule, copying, watch, signal);
  const { snapshot } = await watch.time('durable', () =>
    draft.publish(factsOf(context, capsule), sealed, signal),
  );
  undo.commit();
  const hold = context.snapshots.hold(snapshot.id);
  await standOn(context, capsule, context.snapshots.hold(snapshot.id), sealed);
  return { hold, stillMs };
}

/** From now on the capsule lies on the new snapshot instead of on what it was started from. */
async function standOn(
  context: CapsuleContext,
  capsule: RunningCapsule,
  parent: Hold,
  sealed: readonly DiskId[],
): Promise<void> {
  const inSnapshot = new Set<string>(sealed);
  const own = capsule.record.disks.filter((id) => !inSnapshot.has(id));
  const all = disksOf(capsule);
  const below = all.slice(0, all.length - own.length);
  const before = capsule.parent;
  capsule.parent = parent;
  capsule.record = { ...capsule.record, parent: parent.snapshot.id, below, disks: own };
  await context.journal.write(capsule.id, capsule.record);
  await before?.release();
}

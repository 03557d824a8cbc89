import { Cleanup, type SnapshotId, WrennError } from '@wrenn/core';
import type { DiskId, Hold } from '../snapshots/snapshot-store.ts';
import { type RunningCapsule, withoutSnapshot } from './capsule.ts';
import type { CapsuleContext } from './capsules.ts';
import { captureMachine, disksOf, factsOf, goOn, quiesce } from './capture.ts';
import type { Stopwatch } from './stopwatch.ts';

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
  const stillMs = await whileStill(context, capsule, snapshotId, watch, signal, async () => {
    await captureMachine(capsule, draft, watch, signal);
    sealed = await watch.time('disk', () => sealDisks(context, capsule, undo, signal));
  });
  const { snapshot } = await watch.time('durable', () =>
    draft.publish(factsOf(context, capsule), sealed, signal),
  );
  undo.commit();
  const hold = context.snapshots.hold(snapshot.id);
  await standOn(context, capsule, context.snapshots.hold(snapshot.id), sealed);
  return { hold, stillMs };
}

/** Runs `work` on a guest that is ready to be copied, and lets it go on afterwards, whatever came of it. */
async function whileStill(
  context: CapsuleContext,
  capsule: RunningCapsule,
  snapshotId: SnapshotId,
  watch: Stopwatch,
  signal: AbortSignal,
  work: () => Promise<void>,
): Promise<number> {
  const { id } = capsule;
  // Whoever finds this after the agent was killed knows that the guest may stand still, and lets it go on.
  capsule.record = { ...capsule.record, snapshot: snapshotId };
  await context.journal.write(id, capsule.record);
  try {
    await context.traffic.still(id, signal);
    await watch.time('prepare', () => quiesce(context, capsule, signal));
    const began = performance.now();
    await work();
    return performance.now() - began;
  } finally {
    await watch.time('go on', () => goOn(context, capsule));
    context.traffic.release(id);
    capsule.record = withoutSnapshot(capsule.record);
    await context.journal.write(id, capsule.record);
  }
}

/** Returns the disks of the snapshot, from the lowest. `undo` removes what only the snapshot would have had. */
async function sealDisks(
  context: CapsuleContext,
  capsule: RunningCapsule,
  undo: Cleanup,
  signal: AbortSignal,
): Promise<DiskId[]> {
  const { sealing } = context.engine.disks;
  const disks = disksOf(capsule);
  if (sealing.by === 'switch') {
    await moveToNewDisk(context, capsule, signal);
    return disks;
  }
  const own = disks.at(-1);
  if (own === undefined)
    throw new WrennError('internal_error', `capsule ${capsule.id} has no disk of its own`);
  const { snapshots } = context;
  const copy = snapshots.newDisk();
  await undo.add('copied disk', () => snapshots.discardDisk(copy.id));
  await sealing.copy({ from: snapshots.diskPath(own), to: copy.path, owner: { uid: 0, gid: 0 } }, signal);
  return [...disks.slice(0, -1), copy.id];
}

/**
 * The record comes first: a disk that is in it, and that the machine was not moved to after all, is empty and changes
 * nothing of what is read through it.
 */
async function moveToNewDisk(
  context: CapsuleContext,
  capsule: RunningCapsule,
  signal: AbortSignal,
): Promise<void> {
  const { snapshots, templates, journal, engine } = context;
  const { record, slot, id } = capsule;
  const disk = snapshots.newDisk();
  const like = templates.emptyDiskOf(record.templateKey);
  const paths = disksOf(capsule).map((each) => snapshots.diskPath(each));
  const below = [templates.diskOf(record.templateKey), ...paths] as const;
  try {
    await engine.disks.make({ path: disk.path, below, like, owner: slot }, signal);
    await journal.write(id, { ...record, disks: [...record.disks, disk.id] });
  } catch (thrown) {
    await snapshots.discardDisk(disk.id);
    throw thrown;
  }
  capsule.record = { ...record, disks: [...record.disks, disk.id] };
  await capsule.machine.switchDisk(disk.path, signal);
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

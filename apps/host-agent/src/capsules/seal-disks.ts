import { type Cleanup, WrennError } from '@wrenn/core';
import type { DiskId } from '../snapshots/snapshot-store.ts';
import type { RunningCapsule } from './capsule.ts';
import type { CapsuleContext } from './capsules.ts';
import { disksOf } from './capture.ts';

/**
 * Of a capsule that stands still: disks with what it has written, from the lowest, which are never written to again; it
 * goes on with others. `undo` removes what only whoever takes them would have.
 */
export async function sealDisks(
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

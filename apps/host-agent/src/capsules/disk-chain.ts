import { describeError } from '@wrenn/core';
import { asDiskId, type DiskId } from '../snapshots/snapshot-store.ts';
import type { RunningCapsule } from './capsule.ts';
import type { CapsuleRecord } from './capsule-record.ts';
import type { CapsuleContext } from './capsules.ts';
import { disksOf } from './capture.ts';

/** Each disk is one more that a read may have to look through, and one more open file. */
const longestChain = 12;

/**
 * The disks of a stopped capsule, merged into one where they became too many. Never in place: those that were merged
 * stay as long as other snapshots need them. A merge that fails costs nothing but its time.
 */
export async function shortenedChain(
  context: CapsuleContext,
  capsule: RunningCapsule,
  signal: AbortSignal,
): Promise<DiskId[]> {
  const chain = disksOf(capsule);
  if (chain.length <= longestChain) return chain;
  const { snapshots, templates, engine, log } = context;
  const merged = snapshots.newDisk();
  try {
    await engine.disks.merge({
      chain: chain.map((id) => snapshots.diskPath(id)),
      base: templates.diskOf(capsule.record.templateKey),
      destination: merged.path,
      signal,
    });
    return [merged.id];
  } catch (thrown) {
    await snapshots.discardDisk(merged.id);
    signal.throwIfAborted();
    log.warn({ capsule: capsule.id, disks: chain.length, cause: describeError(thrown) }, 'merging disks');
    return chain;
  }
}

/** Removes the disks that only this capsule writes to. */
export async function discardDisks(context: CapsuleContext, record: CapsuleRecord): Promise<void> {
  for (const id of record.disks) await context.snapshots.discardDisk(asDiskId(id));
}

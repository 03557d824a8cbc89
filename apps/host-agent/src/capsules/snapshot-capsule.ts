import { type CapsuleId, deadline, type SnapshotId } from '@wrenn/core';
import type { Snapshot } from '../snapshots/snapshot-store.ts';
import { notRunnable } from './capsule-errors.ts';
import { type CapsuleContext, requirePresent } from './capsules.ts';
import { checkpoint } from './checkpoint.ts';
import { collectImagesAfter } from './delete-image.ts';
import { Stopwatch, type TimedStep } from './stopwatch.ts';

/** For memory and disk of the largest capsule on a slow disk. */
export const captureDeadlineMs = 600_000;

export interface TakenSnapshot {
  readonly snapshot: Snapshot;
  readonly steps: readonly TimedStep[];
  /** 0 for a paused capsule. */
  readonly stillMs: number;
}

/**
 * Copies a capsule's state into a snapshot that stands for itself; the capsule goes on as it was, running or paused.
 * Asking again with the same ID returns the one that was made.
 */
export function snapshotCapsule(
  context: CapsuleContext,
  id: CapsuleId,
  snapshotId: SnapshotId,
  signal: AbortSignal,
): Promise<TakenSnapshot> {
  return context.locks.hold(id, signal, async () => {
    const made = context.snapshots.find(snapshotId);
    if (made !== undefined) {
      await context.snapshots.list(snapshotId);
      return { snapshot: made, steps: [], stillMs: 0 };
    }
    const capsule = requirePresent(context, id);
    using limit = deadline(captureDeadlineMs, `copying capsule ${id}`, signal);
    const watch = new Stopwatch('snapshot');
    switch (capsule.kind) {
      case 'failed':
        throw notRunnable(id);
      case 'paused': {
        const snapshot = await context.snapshots.alias(capsule.state.snapshot, snapshotId);
        await context.snapshots.list(snapshotId);
        return { snapshot, steps: watch.steps, stillMs: 0 };
      }
      case 'running': {
        const { hold, stillMs } = await checkpoint(context, capsule, snapshotId, watch, limit);
        await context.snapshots.list(snapshotId);
        await hold.release();
        return { snapshot: hold.snapshot, steps: watch.steps, stillMs };
      }
    }
  });
}

/** Takes back that it stands for itself. What capsules need of it stays until they are gone. */
export async function deleteSnapshot(context: CapsuleContext, id: SnapshotId): Promise<void> {
  if (context.snapshots.find(id) === undefined) return;
  await context.snapshots.unlist(id);
  await collectImagesAfter(context, id);
}

import type { ImageId, SnapshotId } from '@wrenn/core';
import { type RunningCapsule, withoutSnapshot } from './capsule.ts';
import type { CapsuleContext } from './capsules.ts';
import { goOn } from './capture.ts';
import type { Stopwatch } from './stopwatch.ts';

export interface Copying {
  /** Of what is being made. */
  readonly id: SnapshotId | ImageId;
  /** Makes the guest stand still in an orderly way. */
  readonly prepare: () => Promise<void>;
  readonly copy: () => Promise<void>;
}

/** Copies something of a guest that is ready for it, and lets it go on afterwards, whatever came of it. Returns how long it stood still. */
export async function whileStill(
  context: CapsuleContext,
  capsule: RunningCapsule,
  copying: Copying,
  watch: Stopwatch,
  signal: AbortSignal,
): Promise<number> {
  const { id } = capsule;
  // Whoever finds this after the agent was killed knows that the guest may stand still, and lets it go on.
  capsule.record = { ...capsule.record, snapshot: copying.id };
  await context.journal.write(id, capsule.record);
  try {
    await context.traffic.still(id, signal);
    await watch.time('prepare', () => copying.prepare());
    const began = performance.now();
    await copying.copy();
    return performance.now() - began;
  } finally {
    await watch.time('go on', () => goOn(context, capsule));
    context.traffic.release(id);
    capsule.record = withoutSnapshot(capsule.record);
    await context.journal.write(id, capsule.record);
  }
}

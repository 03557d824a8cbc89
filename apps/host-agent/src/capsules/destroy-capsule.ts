import { type CapsuleId, Cleanup } from '@wrenn/core';
import { asDiskId } from '../snapshots/snapshot-store.ts';
import type { Capsule } from './capsule.ts';
import type { CapsuleContext } from './capsules.ts';
import { collectImagesAfter } from './delete-image.ts';
import { releaseMachine } from './release-machine.ts';

/** Ends a capsule and removes all it had. Succeeds when it is gone, also if it never was. */
export function destroyCapsule(context: CapsuleContext, id: CapsuleId, signal: AbortSignal): Promise<void> {
  return context.locks.hold(id, signal, async () => {
    const capsule = context.capsules.get(id);
    if (capsule === undefined) return;
    await context.journal.write(id, { ...capsule.record, phase: 'destroying' });
    await removeCapsule(context, capsule);
    context.capsules.delete(id);
    await collectImagesAfter(context, id);
  });
}

/** Released in reverse, each although another one failed; what could not be released is swept at the next start. */
async function removeCapsule(context: CapsuleContext, capsule: Capsule): Promise<void> {
  await using cleanup = new Cleanup();
  await cleanup.add('record', () => context.journal.remove(capsule.id));
  await cleanup.add('metrics', () => context.metrics.forget(capsule.id));
  if (capsule.kind === 'paused') {
    await cleanup.add('state', () => capsule.state.release());
    return;
  }
  await cleanup.add('parent', () => capsule.parent?.release());
  for (const id of capsule.record.disks)
    await cleanup.add('disk', () => context.snapshots.discardDisk(asDiskId(id)));
  if (capsule.kind === 'running') await cleanup.add('machine', () => releaseMachine(context, capsule));
}

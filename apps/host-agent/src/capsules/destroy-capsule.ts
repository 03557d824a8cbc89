import { type CapsuleId, Cleanup } from '@wrenn/core';
import type { Capsule } from './capsule.ts';
import type { CapsuleContext } from './capsules.ts';

/** Ends a capsule and removes all it had. Succeeds when it is gone, also if it never was. */
export function destroyCapsule(context: CapsuleContext, id: CapsuleId, signal: AbortSignal): Promise<void> {
  return context.locks.hold(id, signal, async () => {
    const capsule = context.capsules.get(id);
    if (capsule === undefined) return;
    await removeCapsule(context, capsule);
    context.capsules.delete(id);
  });
}

async function removeCapsule(context: CapsuleContext, capsule: Capsule): Promise<void> {
  await context.journal.write(capsule.id, { ...capsule.record, phase: 'destroying' });
  // Released in reverse, each although another one failed; what could not be released is swept at the next start.
  await using cleanup = new Cleanup();
  await cleanup.add('record', () => context.journal.remove(capsule.id));
  if (capsule.kind === 'failed') return;
  await cleanup.add('slot', () => context.slots.release(capsule.slot));
  await cleanup.add('metadata', () => context.metadata.withdraw(capsule.slot));
  await cleanup.add('cgroup', () => context.cgroups.remove(capsule.id));
  await cleanup.add('virtual machine', () => capsule.machine.kill());
  await cleanup.add('guest client', () => capsule.guest.close());
}

import { rm } from 'node:fs/promises';
import { allEnded, Cleanup } from '@wrenn/core';
import type { RunningCapsule } from './capsule.ts';
import type { CapsuleContext } from './capsules.ts';

/**
 * Ends a capsule's machine and frees what it had of the host; its disks stay. Each part is released although another
 * one failed: what could not be is swept at the next start.
 */
export async function releaseMachine(context: CapsuleContext, capsule: RunningCapsule): Promise<void> {
  const { id, slot } = capsule;
  await using cleanup = new Cleanup();
  await cleanup.add('slot, cgroup and machine directory', async () => {
    await allEnded([
      context.slots.release(slot),
      context.cgroups.remove(id),
      rm(context.journal.machineDirectoryOf(id), { recursive: true, force: true }),
    ]);
  });
  await cleanup.add('metadata', () => context.metadata.withdraw(slot));
  await cleanup.add('virtual machine', () => capsule.machine.kill());
  await cleanup.add('guest client', () => capsule.guest.close());
  await cleanup.add('traffic', () => context.traffic.drop(id));
}

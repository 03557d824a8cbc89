import { type CapsuleId, parseId } from '@wrenn/core';
import { asDiskId } from '../snapshots/snapshot-store.ts';
import type { CapsuleRecord } from './capsule-record.ts';
import type { CapsuleContext } from './capsules.ts';
import { collectImagesAfter, templateKeysInUse } from './delete-image.ts';
import { recoverCapsule } from './recover-capsule.ts';

export interface Recovery {
  /** Capsules that outlived the agent. */
  readonly adopted: CapsuleId[];
  readonly paused: CapsuleId[];
  /** Creations and destructions that were broken off, and are now undone or finished. */
  readonly removed: CapsuleId[];
  /** Capsules whose machine or state is gone. */
  readonly failed: CapsuleId[];
  /** Namespaces, cgroups, attached disks, templates and parts of snapshots that no record owns. */
  readonly swept: string[];
}

/** Brings the agent's view and the host together after a start: adopts what still runs, removes what nobody owns. */
export async function recoverCapsules(context: CapsuleContext, signal: AbortSignal): Promise<Recovery> {
  const recovery: Recovery = { adopted: [], paused: [], removed: [], failed: [], swept: [] };
  for (const record of await context.journal.readAll(context.log)) {
    const id = parseId('capsule', record.capsuleId);
    const outcome = await recoverCapsule(context, id, record, signal);
    recovery[outcome].push(id);
  }
  recovery.swept.push(...(await sweep(context, signal)));
  return recovery;
}

async function sweep(context: CapsuleContext, signal: AbortSignal): Promise<string[]> {
  const capsules = [...context.capsules.values()];
  const running = capsules.filter((capsule) => capsule.kind === 'running');
  const records: CapsuleRecord[] = capsules.map(({ record }) => record);
  const disks = new Set(records.flatMap((record) => record.disks.map(asDiskId)));
  const garbage = await context.snapshots.collect({ disks }, 'remove');
  const slots = new Set(running.map(({ slot }) => slot.index));
  const swept = [
    ...(await context.engine.sweep(slots, signal)),
    ...(await context.slots.sweep(slots)),
    ...(await context.cgroups.sweep(new Set(running.map(({ id }) => id)))),
    ...garbage.map(({ path }) => path),
    ...(await context.templates.sweep(templateKeysInUse(context))),
  ];
  await collectImagesAfter(context, 'start');
  return swept;
}

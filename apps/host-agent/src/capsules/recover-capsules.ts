import { type CapsuleId, parseId, WrennError } from '@wrenn/core';
import type { Machine } from '../engine/engine.ts';
import { guestMetadata } from '../metadata-service/metadata.ts';
import { runningCapsule } from './capsule.ts';
import type { CapsuleRecord } from './capsule-record.ts';
import type { CapsuleContext } from './capsules.ts';
import { watchMachine } from './machine-exit.ts';

export interface Recovery {
  /** Capsules that outlived the agent. */
  readonly adopted: CapsuleId[];
  /** Creations and destructions that were broken off, and are now undone or finished. */
  readonly removed: CapsuleId[];
  /** Capsules whose machine is gone. */
  readonly failed: CapsuleId[];
  /** Namespaces, cgroups and templates that no record owns. */
  readonly swept: string[];
}

/** Brings the agent's view and the host together after a start: adopts what still runs, removes what nobody owns. */
export async function recoverCapsules(context: CapsuleContext, signal: AbortSignal): Promise<Recovery> {
  const recovery: Recovery = { adopted: [], removed: [], failed: [], swept: [] };
  const records = await context.journal.readAll(context.log);
  for (const record of records) {
    const id = parseId('capsule', record.capsuleId);
    const outcome = await recover(context, id, record, signal);
    recovery[outcome].push(id);
  }
  const running = [...context.capsules.values()].filter((capsule) => capsule.kind === 'running');
  recovery.swept.push(
    ...(await context.slots.sweep(new Set(running.map(({ slot }) => slot.index)))),
    ...(await context.cgroups.sweep(new Set(running.map(({ id }) => id)))),
    ...(await context.templates.sweep(new Set(records.map(({ templateKey }) => templateKey)))),
  );
  return recovery;
}

async function recover(
  context: CapsuleContext,
  id: CapsuleId,
  record: CapsuleRecord,
  signal: AbortSignal,
): Promise<'adopted' | 'removed' | 'failed'> {
  const machine = record.machine && (await context.engine.adopt(record.machine, signal));
  if (record.phase === 'running' && machine !== undefined && (await adopt(context, id, record, machine))) {
    return 'adopted';
  }
  await machine?.kill();
  if (record.phase === 'creating' || record.phase === 'destroying') {
    await context.journal.remove(id);
    return 'removed';
  }
  const { machine: _gone, ...rest } = record;
  const failed = { ...rest, phase: 'failed' as const };
  await context.journal.write(id, failed);
  context.capsules.set(id, { kind: 'failed', id, record: failed });
  return 'failed';
}

/** False when the machine runs, but what connects it to the world is not whole. */
async function adopt(
  context: CapsuleContext,
  id: CapsuleId,
  record: CapsuleRecord,
  machine: Machine,
): Promise<boolean> {
  try {
    const slot = await context.slots.adopt(record.slot);
    const capsule = runningCapsule(record, { machine, slot, cgroup: context.cgroups.existing(id) });
    context.metadata.publish(slot, guestMetadata(record));
    context.capsules.set(id, capsule);
    watchMachine(context, capsule);
    return true;
  } catch (thrown) {
    if (!(thrown instanceof WrennError) || thrown.code !== 'not_found') throw thrown;
    context.log.error(
      { capsule: id, slot: record.slot, cause: thrown.message },
      'a capsule lost its network slot',
    );
    return false;
  }
}

import { type CapsuleId, deadline, describeError, parseId, Secret, WrennError } from '@wrenn/core';
import type { Machine } from '../engine/engine.ts';
import { guestMetadata } from '../metadata-service/metadata.ts';
import type { Hold } from '../snapshots/snapshot-store.ts';
import { type RunningCapsule, runningCapsule, withoutMachine, withoutSnapshot } from './capsule.ts';
import type { CapsuleRecord } from './capsule-record.ts';
import type { CapsuleContext } from './capsules.ts';
import { goOn } from './capture.ts';
import { discardDisks } from './disk-chain.ts';
import { settlePaused } from './pause-capsule.ts';
import { serveCapsule } from './serve-capsule.ts';
import { introduce } from './start-machine.ts';

export type Recovered = 'adopted' | 'paused' | 'removed' | 'failed';

/** A guest that was resumed has to be told again who it is; it may have been told already. */
const introduceDeadlineMs = 30_000;

/**
 * Settles what one record says after the agent was killed: an operation that was under way is finished where it can be,
 * and undone where it cannot, so that the capsule runs, is paused, or is gone, with all that it had.
 */
export async function recoverCapsule(
  context: CapsuleContext,
  id: CapsuleId,
  record: CapsuleRecord,
  signal: AbortSignal,
): Promise<Recovered> {
  const machine = record.machine && (await context.engine.adopt(record.machine, signal));
  switch (record.phase) {
    case 'creating':
    case 'destroying':
      await machine?.kill();
      await discardDisks(context, record);
      await context.journal.remove(id);
      return 'removed';
    case 'paused':
      return await findPaused(context, id, record);
    case 'pausing':
      return await finishPause(context, id, record, machine);
    case 'resuming':
      return await finishResume(context, id, record, machine, signal);
    case 'running':
      return await findRunning(context, id, record, machine);
    case 'failed':
      return await fail(context, id, record, machine);
  }
}

/** Published, it is paused; else nothing of the snapshot is there, and the guest goes on. */
async function finishPause(
  context: CapsuleContext,
  id: CapsuleId,
  record: CapsuleRecord,
  machine: Machine | undefined,
): Promise<Recovered> {
  const snapshotId = record.snapshot === undefined ? undefined : parseId('snapshot', record.snapshot);
  if (snapshotId === undefined || context.snapshots.find(snapshotId) === undefined) {
    return await findRunning(context, id, runningAgain(record), machine);
  }
  await machine?.kill();
  context.capsules.set(id, await settlePaused(context, { id, record }, snapshotId));
  return 'paused';
}

/** A guest that runs may have been told to go on: what its programs did since is kept. */
async function finishResume(
  context: CapsuleContext,
  id: CapsuleId,
  record: CapsuleRecord,
  machine: Machine | undefined,
  signal: AbortSignal,
): Promise<Recovered> {
  const parent = holdParent(context, record);
  const capsule =
    machine !== undefined && (await machine.isRunning(signal))
      ? await adopt(context, { ...record, phase: 'running' }, machine, parent)
      : undefined;
  if (capsule !== undefined && (await introduceAgain(context, capsule, signal))) {
    capsule.record = withoutSnapshot(capsule.record);
    await keep(context, capsule);
    return 'adopted';
  }
  capsule?.guest.close();
  await machine?.kill();
  await discardDisks(context, record);
  const paused: CapsuleRecord = { ...withoutMachine(record), phase: 'paused', disks: [] };
  await context.journal.writeDurably(id, paused);
  const outcome = await findPaused(context, id, paused);
  // Not earlier: what it was started from is the state that it goes back to, and a state that nobody holds is removed.
  await parent?.release();
  return outcome;
}

async function introduceAgain(
  context: CapsuleContext,
  capsule: RunningCapsule,
  signal: AbortSignal,
): Promise<boolean> {
  using limit = deadline(introduceDeadlineMs, 'introducing a resumed guest', signal);
  try {
    // It keeps its secret over pauses, so this is right before and after it was told.
    await introduce(capsule, new Secret(capsule.record.hostSecret), limit);
    return true;
  } catch (thrown) {
    context.log.warn({ capsule: capsule.id, cause: describeError(thrown) }, 'finishing a resume');
    return false;
  }
}

async function findPaused(context: CapsuleContext, id: CapsuleId, record: CapsuleRecord): Promise<Recovered> {
  const state = record.snapshot === undefined ? undefined : holdOf(context, record.snapshot);
  if (state === undefined) {
    context.log.error({ capsule: id, snapshot: record.snapshot }, 'the state of a paused capsule is gone');
    return await fail(context, id, record, undefined);
  }
  context.capsules.set(id, { kind: 'paused', id, record, state });
  return 'paused';
}

async function findRunning(
  context: CapsuleContext,
  id: CapsuleId,
  record: CapsuleRecord,
  machine: Machine | undefined,
): Promise<Recovered> {
  const parent = holdParent(context, record);
  const isWhole = record.parent === undefined || parent !== undefined;
  const capsule =
    machine !== undefined && isWhole ? await adopt(context, record, machine, parent) : undefined;
  if (capsule === undefined) {
    await parent?.release();
    return await fail(context, id, record, machine);
  }
  if (record.snapshot !== undefined) {
    // Its state was being read: it may stand still.
    await goOn(context, capsule);
    capsule.record = withoutSnapshot(capsule.record);
  }
  await keep(context, capsule);
  return 'adopted';
}

async function fail(
  context: CapsuleContext,
  id: CapsuleId,
  record: CapsuleRecord,
  machine: Machine | undefined,
): Promise<Recovered> {
  await machine?.kill();
  const failed = { ...withoutMachine(record), phase: 'failed' as const };
  await context.journal.write(id, failed);
  context.capsules.set(id, { kind: 'failed', id, record: failed, parent: holdParent(context, failed) });
  return 'failed';
}

/** Undefined when the machine runs, but what connects it to the world is not whole. */
async function adopt(
  context: CapsuleContext,
  record: CapsuleRecord,
  machine: Machine,
  parent: Hold | undefined,
): Promise<RunningCapsule | undefined> {
  const id = parseId('capsule', record.capsuleId);
  try {
    if (record.slot === undefined) throw new WrennError('not_found', 'the record names no slot');
    const slot = await context.slots.adopt(record.slot);
    context.metadata.publish(slot, guestMetadata(record));
    const parts = { machine, slot, cgroup: context.cgroups.existing(id) };
    const capsule = runningCapsule(record, parent, parts, context.log);
    // The agent before this one may have ended while somebody typed.
    capsule.cpuShare?.reset();
    return capsule;
  } catch (thrown) {
    if (!(thrown instanceof WrennError) || thrown.code !== 'not_found') throw thrown;
    context.log.error(
      { capsule: id, slot: record.slot, cause: thrown.message },
      'a capsule lost its network slot',
    );
    return undefined;
  }
}

async function keep(context: CapsuleContext, capsule: RunningCapsule): Promise<void> {
  await context.journal.write(capsule.id, capsule.record);
  serveCapsule(context, capsule);
}

function holdParent(context: CapsuleContext, record: CapsuleRecord): Hold | undefined {
  return record.parent === undefined ? undefined : holdOf(context, record.parent);
}

function holdOf(context: CapsuleContext, id: string): Hold | undefined {
  const snapshotId = parseId('snapshot', id);
  return context.snapshots.find(snapshotId) === undefined ? undefined : context.snapshots.hold(snapshotId);
}

/** The record of a capsule whose pause was broken off. */
function runningAgain(record: CapsuleRecord): CapsuleRecord {
  const { pausedBy: _notPaused, ...rest } = record;
  return { ...rest, phase: 'running' };
}

import { chown, mkdir, rm } from 'node:fs/promises';
import { allEnded, Cleanup, parseId, Secret } from '@wrenn/core';
import type { MachineSpec } from '../engine/engine.ts';
import { machineLimits } from '../engine/machine-limits.ts';
import type { InitReceipt } from '../guest/guest-client.ts';
import { guestMetadata } from '../metadata-service/metadata.ts';
import type { Hold } from '../snapshots/snapshot-store.ts';
import { type RunningCapsule, runningCapsule, withoutSnapshot } from './capsule.ts';
import type { CapsuleRecord } from './capsule-record.ts';
import type { CapsuleContext } from './capsules.ts';
import type { StartPoint } from './start-point.ts';
import type { Stopwatch } from './stopwatch.ts';

/** From a ready snapshot to a guest that answers; an idle host takes a fifth of a second. */
export const startDeadlineMs = 60_000;

export interface StartedMachine {
  readonly capsule: RunningCapsule;
  readonly receipt: InitReceipt;
}

/**
 * Gives the capsule of `record` a machine that starts from `from`; returns when envd in it has its identity and takes
 * commands. The record is written before each thing that it names is taken, and last with the phase `running`. A fault
 * leaves nothing of the machine and its disk; the record then is the caller's to put right.
 */
export async function startMachine(
  context: CapsuleContext,
  record: CapsuleRecord,
  from: { readonly point: StartPoint; readonly parent: Hold | undefined },
  watch: Stopwatch,
  signal: AbortSignal,
): Promise<StartedMachine> {
  const id = parseId('capsule', record.capsuleId);
  const { point, parent } = from;
  await using cleanup = new Cleanup();
  const slot = await watch.time('network', () => context.slots.acquire(signal));
  await cleanup.add('slot', () => context.slots.release(slot));
  const metadata = guestMetadata(record);
  context.metadata.publish(slot, metadata);
  await cleanup.add('metadata', () => context.metadata.withdraw(slot));
  const disk = context.snapshots.newDisk();
  await cleanup.add('disk', () => context.snapshots.discardDisk(disk.id));
  const { disks: method } = context.engine;
  const below = method.kind === 'whole' ? [] : [...point.disk.ids];
  const taken = { ...record, slot: slot.index, below, disks: [disk.id] };
  await context.journal.write(id, taken);
  const directory = context.journal.machineDirectoryOf(id);
  await cleanup.add('machine directory', () => rm(directory, { recursive: true, force: true }));
  await cleanup.add('cgroup', () => context.cgroups.remove(id));
  const [cgroup] = await watch.time('disk', () =>
    allEnded([
      context.cgroups.create(id, machineLimits(record)),
      method.make({ path: disk.path, below: point.disk.below, like: point.disk.like, owner: slot }, signal),
      makeDirectory(directory, slot),
    ]),
  );
  const { vcpus, memoryMiB } = record;
  const spec: MachineSpec = {
    vcpus,
    memoryMiB,
    directory,
    slot,
    cgroup,
    images: context.images,
    disks: method.kind === 'whole' ? [disk.path] : [...point.disk.below, disk.path],
    metadata: { ...metadata },
  };
  const machine = await watch.time('restore', () => context.engine.restore(spec, point.machine, signal));
  await cleanup.add('virtual machine', () => machine.kill());
  const running = { ...taken, machine: machine.record };
  const capsule = runningCapsule(running, parent, { machine, slot, cgroup }, context.log);
  await cleanup.add('guest client', () => capsule.guest.close());
  // The record is written while the guest works on `/init`.
  const [receipt] = await watch.time('init', () =>
    allEnded([introduce(capsule, point.hostSecret, signal), context.journal.write(id, running)]),
  );
  capsule.record = {
    ...withoutSnapshot(running),
    phase: 'running',
    metadata: { ...record.metadata, envd_version: receipt.version },
  };
  await context.journal.write(id, capsule.record);
  cleanup.commit();
  return { capsule, receipt };
}

/** The guest still has the secret of what it was started from; from here on it has the capsule's own. */
export function introduce(
  capsule: RunningCapsule,
  currentSecret: Secret,
  signal: AbortSignal,
): Promise<InitReceipt> {
  const { record } = capsule;
  const identity = {
    accessToken: new Secret(record.accessToken),
    hostSecret: new Secret(record.hostSecret),
    capsuleId: record.capsuleId,
    templateId: record.templateId,
    defaultUser: record.defaultUser,
    ...workdirOf(capsule),
    envVars: record.defaultEnv,
  };
  // In a snapshot are programs of users that go on at once, and may look at the clock; in a template there are none.
  const stamp = record.parent === undefined ? 'connected' : 'heard';
  return capsule.guest.init(identity, currentSecret, signal, stamp);
}

/** Nothing where none was and none is wanted: daemons of older snapshots do not take an empty one. */
function workdirOf({ record, parent }: RunningCapsule): { readonly defaultWorkdir?: string } {
  const { defaultWorkdir } = record;
  const before = parent?.snapshot.manifest.guest.defaultWorkdir ?? '';
  return defaultWorkdir === '' && before === '' ? {} : { defaultWorkdir };
}

async function makeDirectory(path: string, owner: { uid: number; gid: number }): Promise<void> {
  await rm(path, { recursive: true, force: true });
  await mkdir(path, { recursive: true, mode: 0o700 });
  await chown(path, owner.uid, owner.gid);
}

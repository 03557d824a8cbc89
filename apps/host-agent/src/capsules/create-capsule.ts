import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { chown, copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { allEnded, type CapsuleId, Cleanup, deadline, Secret, WrennError } from '@wrenn/core';
import type { MachineSpec } from '../engine/engine.ts';
import { machineLimits } from '../engine/machine-limits.ts';
import type { InitReceipt } from '../guest/guest-client.ts';
import { initRequest } from '../guest/init-request.ts';
import { guestMetadata } from '../metadata-service/metadata.ts';
import type { TemplateSnapshot } from '../templates/template-snapshot.ts';
import { type RunningCapsule, runningCapsule } from './capsule.ts';
import type { CapsuleRecord } from './capsule-record.ts';
import type { CapsuleContext } from './capsules.ts';
import { watchMachine } from './machine-exit.ts';
import { Stopwatch, type TimedStep } from './stopwatch.ts';

/** From a ready snapshot to a guest that answers; an idle host takes a fifth of a second. */
const startDeadlineMs = 60_000;

export interface CreateOptions {
  readonly capsuleId: CapsuleId;
  readonly teamId: string;
  readonly templateId: string;
  readonly template: string;
  readonly vcpus: number;
  readonly memoryMiB: number;
  readonly timeoutSec: number;
  readonly defaultUser: string;
  readonly defaultEnv: Record<string, string>;
}

export interface CreatedCapsule {
  readonly capsule: RunningCapsule;
  readonly steps: readonly TimedStep[];
}

/**
 * Starts a capsule from its template's snapshot; returns when envd in it has its identity and takes commands.
 * Asking again for a capsule that runs returns that one. A fault leaves nothing behind.
 */
export function createCapsule(
  context: CapsuleContext,
  options: CreateOptions,
  signal: AbortSignal,
): Promise<CreatedCapsule> {
  return context.locks.hold(options.capsuleId, signal, async () => {
    const present = context.capsules.get(options.capsuleId);
    if (present?.kind === 'running') return { capsule: present, steps: [] };
    if (present !== undefined)
      throw new WrennError('conflict', `capsule ${options.capsuleId} has existed and failed`);

    const watch = new Stopwatch();
    const shape = { vcpus: options.vcpus, memoryMiB: options.memoryMiB };
    const snapshot = await watch.time('template', () => context.templates.ensure(options.template, shape));
    using limit = deadline(startDeadlineMs, `starting capsule ${options.capsuleId}`, signal);
    const capsule = await start(context, options, snapshot, watch, limit);
    context.capsules.set(options.capsuleId, capsule);
    watchMachine(context, capsule);
    return { capsule, steps: watch.steps };
  });
}

async function start(
  context: CapsuleContext,
  options: CreateOptions,
  snapshot: TemplateSnapshot,
  watch: Stopwatch,
  signal: AbortSignal,
): Promise<RunningCapsule> {
  const id = options.capsuleId;
  await using cleanup = new Cleanup();
  const slot = await watch.time('network', () => context.slots.acquire(signal));
  await cleanup.add('slot', () => context.slots.release(slot));
  const record = newRecord(context, options, snapshot, slot.index);
  context.metadata.publish(slot, guestMetadata(record));
  await cleanup.add('metadata', () => context.metadata.withdraw(slot));
  await cleanup.add('record', () => context.journal.remove(id));
  await context.journal.write(id, record);
  const directory = context.journal.machineDirectoryOf(id);
  const rootDisk = join(directory, 'disk.qcow2');
  await cleanup.add('cgroup', () => context.cgroups.remove(id));
  const [cgroup] = await watch.time('disk', () =>
    allEnded([
      context.cgroups.create(id, machineLimits(options)),
      makeDisk(snapshot, directory, rootDisk, slot),
    ]),
  );
  const spec: MachineSpec = { ...options, directory, slot, cgroup, images: context.images, rootDisk };
  const machine = await watch.time('restore', () => context.engine.restore(spec, snapshot, signal));
  await cleanup.add('virtual machine', () => machine.kill());
  const running = { ...record, machine: machine.record };
  const capsule = runningCapsule(running, { machine, slot, cgroup });
  await cleanup.add('guest client', () => capsule.guest.close());
  // The record is written while the guest works on `/init`.
  const [receipt] = await watch.time('init', () =>
    allEnded([introduce(capsule, snapshot.hostSecret, signal), context.journal.write(id, running)]),
  );
  capsule.record = {
    ...running,
    phase: 'running',
    metadata: { ...record.metadata, envd_version: receipt.version },
  };
  await context.journal.write(id, capsule.record);
  cleanup.commit();
  return capsule;
}

/** The clone still has its template's host secret; from here on it has its own. */
function introduce(
  capsule: RunningCapsule,
  templateSecret: Secret,
  signal: AbortSignal,
): Promise<InitReceipt> {
  const { record } = capsule;
  const request = initRequest({
    accessToken: new Secret(record.accessToken),
    hostSecret: new Secret(record.hostSecret),
    capsuleId: record.capsuleId,
    templateId: record.templateId,
    defaultUser: record.defaultUser,
    envVars: record.defaultEnv,
  });
  return capsule.guest.init(request, templateSecret, signal);
}

async function makeDisk(
  snapshot: TemplateSnapshot,
  directory: string,
  rootDisk: string,
  owner: { uid: number; gid: number },
): Promise<void> {
  await mkdir(directory, { mode: 0o700 });
  await copyFile(snapshot.emptyDisk, rootDisk, constants.COPYFILE_FICLONE);
  await chown(rootDisk, owner.uid, owner.gid);
  await chown(directory, owner.uid, owner.gid);
}

function newRecord(
  context: CapsuleContext,
  options: CreateOptions,
  snapshot: TemplateSnapshot,
  slot: number,
): CapsuleRecord {
  const { traits } = context.engine;
  const now = Date.now();
  return {
    version: 1,
    ...options,
    templateKey: snapshot.key,
    createdAtMs: now,
    lastActiveAtMs: now,
    slot,
    accessToken: randomBytes(32).toString('hex'),
    hostSecret: randomBytes(32).toString('hex'),
    phase: 'creating',
    metadata: {
      kernel_version: context.images.kernel.version,
      vmm_version: traits.build,
      agent_version: context.agentVersion,
      engine: traits.name,
      isolation: traits.isolation,
    },
  };
}

import { randomBytes } from 'node:crypto';
import { type CapsuleId, Cleanup, deadline, type ImageId, type SnapshotId, WrennError } from '@wrenn/core';
import type { InitReceipt } from '../guest/guest-client.ts';
import type { Hold } from '../snapshots/snapshot-store.ts';
import type { RunningCapsule } from './capsule.ts';
import type { CapsuleRecord } from './capsule-record.ts';
import type { CapsuleContext } from './capsules.ts';
import { serveCapsule } from './serve-capsule.ts';
import { startDeadlineMs, startMachine } from './start-machine.ts';
import { type StartPoint, startOfSnapshot, startOfTemplate } from './start-point.ts';
import { Stopwatch, type TimedStep } from './stopwatch.ts';

export interface CreateOptions {
  readonly capsuleId: CapsuleId;
  readonly teamId: string;
  readonly templateId: string;
  readonly template: string;
  /** Those of the snapshot count, where there is one. */
  readonly vcpus: number;
  readonly memoryMiB: number;
  readonly timeoutSec: number;
  readonly defaultUser: string;
  readonly defaultEnv: Record<string, string>;
  /** Empty: the user's home. */
  readonly defaultWorkdir: string;
  /** What to start from instead of the booted template. */
  readonly snapshotId: SnapshotId | undefined;
  /** What to boot it from, instead of the image of the template's name; counts where there is no snapshot. */
  readonly imageId: ImageId | undefined;
}

export interface CreatedCapsule {
  readonly capsule: RunningCapsule;
  readonly steps: readonly TimedStep[];
  /** Undefined when it ran already. */
  readonly receipt: InitReceipt | undefined;
}

/**
 * Starts a capsule from its template or a snapshot; returns when envd in it has its identity and takes commands.
 * Asking again for a capsule that runs returns that one. A fault leaves nothing behind.
 */
export function createCapsule(
  context: CapsuleContext,
  options: CreateOptions,
  signal: AbortSignal,
): Promise<CreatedCapsule> {
  return context.locks.hold(options.capsuleId, signal, async () => {
    const present = context.capsules.get(options.capsuleId);
    if (present?.kind === 'running') return { capsule: present, steps: [], receipt: undefined };
    if (present !== undefined)
      throw new WrennError('conflict', `capsule ${options.capsuleId} has existed and is ${present.kind}`);
    context.admission.requireOpen();
    return await create(context, options, signal);
  });
}

async function create(
  context: CapsuleContext,
  options: CreateOptions,
  signal: AbortSignal,
): Promise<CreatedCapsule> {
  const { capsuleId: id, snapshotId, imageId } = options;
  const watch = new Stopwatch('create');
  await using undo = new Cleanup();
  const parent = snapshotId === undefined ? undefined : context.snapshots.hold(snapshotId);
  await undo.add('snapshot', () => parent?.release());
  using _image = imageId === undefined ? undefined : context.rootImages.hold(imageId);
  // Outside of the deadline: the first of a shape waits for it to be booted.
  const point = await watch.time('template', () => startPoint(context, options, parent, signal));
  using limit = deadline(startDeadlineMs, `starting capsule ${id}`, signal);
  await undo.add('record', () => context.journal.remove(id));
  const record = newRecord(context, options, point);
  const { capsule, receipt } = await startMachine(context, record, { point, parent }, watch, limit);
  undo.commit();
  capsule.activity.touch();
  serveCapsule(context, capsule);
  return { capsule, steps: watch.steps, receipt };
}

async function startPoint(
  context: CapsuleContext,
  { template, imageId, vcpus, memoryMiB }: CreateOptions,
  parent: Hold | undefined,
  signal: AbortSignal,
): Promise<StartPoint> {
  if (parent !== undefined) return startOfSnapshot(context, parent, signal);
  return startOfTemplate(await context.templates.ensure(imageId ?? template, { vcpus, memoryMiB }));
}

function newRecord(context: CapsuleContext, options: CreateOptions, point: StartPoint): CapsuleRecord {
  const { traits } = context.engine;
  const { capsuleId, teamId, templateId, template, timeoutSec } = options;
  const { defaultUser, defaultEnv, defaultWorkdir } = options;
  const now = Date.now();
  return {
    version: 2,
    capsuleId,
    teamId,
    templateId,
    template,
    templateKey: point.templateKey,
    ...(point.parent === undefined ? {} : { parent: point.parent }),
    disks: [],
    ...point.shape,
    timeoutSec,
    createdAtMs: now,
    lastActiveAtMs: now,
    defaultUser,
    defaultEnv,
    defaultWorkdir,
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

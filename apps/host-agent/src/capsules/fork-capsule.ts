import { availableParallelism } from 'node:os';
import { atMost, type CapsuleId, deadline, newId, WrennError } from '@wrenn/core';
import type { InitReceipt } from '../guest/guest-client.ts';
import type { Hold } from '../snapshots/snapshot-store.ts';
import type { RunningCapsule } from './capsule.ts';
import { notRunnable } from './capsule-errors.ts';
import type { CapsuleRecord } from './capsule-record.ts';
import { type CapsuleContext, requirePresent } from './capsules.ts';
import { checkpoint } from './checkpoint.ts';
import { createCapsule } from './create-capsule.ts';
import { captureDeadlineMs } from './snapshot-capsule.ts';
import { Stopwatch, type TimedStep } from './stopwatch.ts';

/** A start is mostly the guest's own work, so more at once than processors only wait for each other. */
const startedAtOnce = Math.max(2, availableParallelism());

export interface ChildOptions {
  readonly capsuleId: CapsuleId;
  readonly timeoutSec: number;
}

/** One that could not be started left nothing behind. */
export type Child =
  | { readonly kind: 'started'; readonly capsule: RunningCapsule; readonly receipt: InitReceipt | undefined }
  | { readonly kind: 'failed'; readonly id: CapsuleId; readonly error: WrennError };

export interface Fork {
  readonly children: readonly Child[];
  readonly steps: readonly TimedStep[];
  /** How long the parent stood still; 0 for a paused one. */
  readonly stillMs: number;
}

/**
 * Starts children from the state that a capsule has now, each with an identity of its own; the capsule goes on as it was,
 * running or paused. The parent is free for other operations as soon as its state is copied.
 */
export async function forkCapsule(
  context: CapsuleContext,
  id: CapsuleId,
  children: readonly ChildOptions[],
  signal: AbortSignal,
): Promise<Fork> {
  context.admission.requireOpen();
  const watch = new Stopwatch('fork');
  const { state, record, stillMs } = await copyState(context, id, watch, signal);
  try {
    const outcomes = await watch.time('children', () =>
      atMost(startedAtOnce, children, (child) => startChild(context, record, child, state, signal)),
    );
    return { children: outcomes, steps: watch.steps, stillMs };
  } finally {
    await state.release();
  }
}

interface Copied {
  readonly state: Hold;
  readonly record: CapsuleRecord;
  readonly stillMs: number;
}

function copyState(
  context: CapsuleContext,
  id: CapsuleId,
  watch: Stopwatch,
  signal: AbortSignal,
): Promise<Copied> {
  return context.locks.hold(id, signal, async () => {
    const parent = requirePresent(context, id);
    const { record } = parent;
    using limit = deadline(captureDeadlineMs, `copying capsule ${id}`, signal);
    switch (parent.kind) {
      case 'failed':
        throw notRunnable(id);
      case 'paused':
        return { state: context.snapshots.hold(parent.state.snapshot.id), record, stillMs: 0 };
      case 'running': {
        const { hold, stillMs } = await checkpoint(context, parent, newId('snapshot'), watch, limit);
        return { state: hold, record, stillMs };
      }
    }
  });
}

async function startChild(
  context: CapsuleContext,
  parent: CapsuleRecord,
  { capsuleId, timeoutSec }: ChildOptions,
  state: Hold,
  signal: AbortSignal,
): Promise<Child> {
  try {
    const { teamId, templateId, template, vcpus, memoryMiB } = parent;
    const { defaultUser, defaultEnv, defaultWorkdir } = parent;
    const { capsule, receipt } = await createCapsule(
      context,
      {
        capsuleId,
        teamId,
        templateId,
        template,
        vcpus,
        memoryMiB,
        timeoutSec,
        defaultUser,
        defaultEnv,
        defaultWorkdir,
        snapshotId: state.snapshot.id,
        imageId: undefined,
      },
      signal,
    );
    return { kind: 'started', capsule, receipt };
  } catch (thrown) {
    const error = WrennError.from(thrown, 'starting a child');
    context.log.warn({ capsule: capsuleId, parent: parent.capsuleId, code: error.code }, error.message);
    return { kind: 'failed', id: capsuleId, error };
  }
}

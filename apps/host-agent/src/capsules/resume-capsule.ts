import { type CapsuleId, Cleanup, deadline } from '@wrenn/core';
import type { InitReceipt } from '../guest/guest-client.ts';
import type { PausedCapsule, RunningCapsule } from './capsule.ts';
import { notRunnable } from './capsule-errors.ts';
import type { CapsuleRecord } from './capsule-record.ts';
import { type CapsuleContext, requirePresent } from './capsules.ts';
import { serveCapsule } from './serve-capsule.ts';
import { startDeadlineMs, startMachine } from './start-machine.ts';
import { startOfSnapshot } from './start-point.ts';
import { Stopwatch, type TimedStep } from './stopwatch.ts';

export interface ResumedCapsule {
  readonly capsule: RunningCapsule;
  readonly steps: readonly TimedStep[];
  /** Undefined when it ran already. */
  readonly receipt: InitReceipt | undefined;
}

/**
 * Brings a paused capsule back, with the same identity and secrets; returns when envd in it takes commands. One that
 * runs is left as it is. A fault, a refused snapshot too, leaves the capsule paused as it was.
 */
export function resumeCapsule(
  context: CapsuleContext,
  id: CapsuleId,
  changes: Partial<Pick<CapsuleRecord, 'timeoutSec'>>,
  signal: AbortSignal,
): Promise<ResumedCapsule> {
  return context.locks.hold(id, signal, async () => {
    const present = requirePresent(context, id);
    if (present.kind === 'running') return { capsule: present, steps: [], receipt: undefined };
    if (present.kind === 'failed') throw notRunnable(id);
    context.admission.requireOpen();
    using limit = deadline(startDeadlineMs, `resuming capsule ${id}`, signal);
    return await resume(context, present, changes, limit);
  });
}

async function resume(
  context: CapsuleContext,
  paused: PausedCapsule,
  changes: Partial<Pick<CapsuleRecord, 'timeoutSec'>>,
  signal: AbortSignal,
): Promise<ResumedCapsule> {
  const { id, record, state } = paused;
  const watch = new Stopwatch('resume');
  const point = await watch.time('check', () => startOfSnapshot(context, state, signal));
  await using undo = new Cleanup();
  await undo.add('record', () => context.journal.write(id, record));
  const { pausedBy: _paused, ...rest } = record;
  const resuming: CapsuleRecord = {
    ...rest,
    ...changes,
    phase: 'resuming',
    parent: state.snapshot.id,
    lastActiveAtMs: Date.now(),
  };
  // For those who ask meanwhile: neither paused any more nor running.
  context.capsules.set(id, { ...paused, record: resuming });
  await undo.add('state', () => {
    context.capsules.set(id, paused);
  });
  const { capsule, receipt } = await startMachine(context, resuming, { point, parent: state }, watch, signal);
  undo.commit();
  capsule.activity.touch();
  serveCapsule(context, capsule);
  return { capsule, steps: watch.steps, receipt };
}

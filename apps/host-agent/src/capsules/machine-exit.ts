import { describeError } from '@wrenn/core';
import { countMachineExit } from '../metrics/metrics.ts';
import { type RunningCapsule, withoutMachine } from './capsule.ts';
import type { CapsuleContext } from './capsules.ts';
import { releaseMachine } from './release-machine.ts';

/**
 * Notices when the capsule's VMM ends without having been told to: the capsule is then `failed`, what it took of the
 * host is freed, and its disk is kept until it is destroyed.
 */
export function watchMachine(context: CapsuleContext, capsule: RunningCapsule): void {
  const settle = async () => {
    await capsule.machine.exited;
    await context.locks.holdInAnyCase(capsule.id, AbortSignal.timeout(60_000), () => fail(context, capsule));
  };
  settle().catch((thrown: unknown) => {
    context.log.error(
      { capsule: capsule.id, cause: describeError(thrown) },
      'settling a lost virtual machine',
    );
  });
}

async function fail(context: CapsuleContext, capsule: RunningCapsule): Promise<void> {
  // Destroyed in the meantime: that was the cause.
  if (context.capsules.get(capsule.id) !== capsule) return;
  countMachineExit();
  const failure = `its virtual machine ended by itself; it said: ${await lastWordsOf(capsule)}`;
  const failed = {
    ...withoutMachine(capsule.record),
    metadata: { ...capsule.record.metadata, failure },
    phase: 'failed' as const,
    lastActiveAtMs: capsule.activity.lastActiveAtMs,
  };
  context.log.error(
    { capsule: capsule.id, pid: capsule.machine.record.pid, failure },
    'the virtual machine ended by itself',
  );
  await context.journal.write(capsule.id, failed);
  context.capsules.set(capsule.id, {
    kind: 'failed',
    id: capsule.id,
    record: failed,
    parent: capsule.parent,
  });
  await releaseMachine(context, capsule);
}

/** What it wrote is in a directory of its user's: a file there that cannot be read must not keep the capsule unsettled. */
async function lastWordsOf({ machine }: RunningCapsule): Promise<string> {
  try {
    return await machine.lastWords();
  } catch (thrown) {
    return `what cannot be read (${describeError(thrown)})`;
  }
}

import { type CapsuleId, WrennError } from '@wrenn/core';
import type { RunningCapsule } from './capsule.ts';
import { type CapsuleContext, requireRunning } from './capsules.ts';

/**
 * The capsule if somebody can use it now: its machine runs, and is not just being taken to disk, which whatever is
 * begun in it would not survive on this side.
 */
export function requireServing(context: CapsuleContext, id: CapsuleId): RunningCapsule {
  const capsule = requireRunning(context, id);
  if (capsule.record.phase === 'pausing')
    throw new WrennError('busy', `capsule ${id} is being paused`, {
      remedy: 'wait until it is paused, and resume it',
    });
  return capsule;
}

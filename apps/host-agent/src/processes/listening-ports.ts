import { type CapsuleId, deadline, WrennError } from '@wrenn/core';
import type { CapsuleContext } from '../capsules/capsules.ts';
import { requireServing } from '../capsules/require-serving.ts';

/** A guest answers at once, however busy it is. */
const askDeadlineMs = 30_000;

/** Where programs in a capsule take connections, at any of its addresses; ascending. */
export async function listeningPorts(
  context: CapsuleContext,
  id: CapsuleId,
  signal: AbortSignal,
): Promise<readonly number[]> {
  const { guest, activity } = requireServing(context, id);
  activity.touch();
  using limit = deadline(askDeadlineMs, 'asking the guest for its ports', signal);
  try {
    return await guest.ports(limit);
  } catch (thrown) {
    signal.throwIfAborted();
    throw WrennError.from(thrown, 'asking the guest for its ports');
  }
}

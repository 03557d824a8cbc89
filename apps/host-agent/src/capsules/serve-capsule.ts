import type { RunningCapsule } from './capsule.ts';
import type { CapsuleContext } from './capsules.ts';
import { watchMachine } from './machine-exit.ts';

/** From here on the capsule is one that runs: for calls, for the traffic to its ports, and if its machine ends. */
export function serveCapsule(context: CapsuleContext, capsule: RunningCapsule): void {
  const { id, slot, record } = capsule;
  context.capsules.set(id, capsule);
  watchMachine(context, capsule);
  context.traffic.serve({ id, address: slot.hostAddress, token: record.accessToken });
}

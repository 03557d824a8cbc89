import { type CapsuleId, WrennError } from '@wrenn/core';
import { platformPart } from '../access/principal.ts';
import type { HostAgent } from '../hosts/agent.ts';
import { findRunning } from '../jobs/store.ts';
import type { ServerContext } from '../server-context.ts';
import { transition } from './store.ts';

/**
 * Whether its host has paused a capsule of which the row says that it runs: a host pauses by itself what nobody uses,
 * and the monitor sees that some seconds later. The row says so too afterwards.
 */
export async function noticePause(
  context: Pick<ServerContext, 'database' | 'recorder'>,
  agent: HostAgent,
  id: CapsuleId,
  signal: AbortSignal,
): Promise<boolean> {
  const { sandboxes } = await agent.list(signal);
  if (sandboxes.find(({ sandboxId }) => sandboxId === id)?.status !== 'paused') return false;
  const job = await findRunning(context.database, id);
  // One that was asked for, and whose end is about to be written, is not the host's.
  const actor = job?.kind === 'pause' ? job.actor : platformPart('auto-pause');
  try {
    await transition(context, { id, action: 'find_paused', happening: { what: 'capsule.pause', actor } });
  } catch (thrown) {
    // Somebody else has seen it.
    if (!(thrown instanceof WrennError && thrown.code === 'invalid_state')) throw thrown;
  }
  return true;
}

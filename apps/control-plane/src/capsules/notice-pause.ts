import { type CapsuleId, WrennError } from '@wrenn/core';
import type { HostAgent } from '../hosts/agent.ts';
import type { ServerContext } from '../server-context.ts';
import { transition } from './store.ts';

/**
 * Whether its host has paused a capsule of which the row says that it runs: a host pauses by itself what nobody uses,
 * and the monitor sees that some seconds later. The row says so too afterwards.
 */
export async function noticePause(
  { database }: Pick<ServerContext, 'database'>,
  agent: HostAgent,
  id: CapsuleId,
  signal: AbortSignal,
): Promise<boolean> {
  const { sandboxes } = await agent.list(signal);
  if (sandboxes.find(({ sandboxId }) => sandboxId === id)?.status !== 'paused') return false;
  try {
    await transition(database, id, 'find_paused');
  } catch (thrown) {
    // Somebody else has seen it.
    if (!(thrown instanceof WrennError && thrown.code === 'invalid_state')) throw thrown;
  }
  return true;
}

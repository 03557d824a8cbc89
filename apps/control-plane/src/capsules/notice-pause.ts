import { type CapsuleId, WrennError } from '@wrenn/core';
import { platformPart } from '../access/principal.ts';
import type { Audited } from '../audit/audited.ts';
import type { HostAgent } from '../hosts/agent.ts';
import { findRunning } from '../jobs/store.ts';
import { transition, versionOf } from './store.ts';

/**
 * Whether its host has paused a capsule of which the row says that it runs: a host pauses by itself what nobody uses,
 * and the monitor sees that some seconds later. The row says so too afterwards.
 */
export async function noticePause(
  context: Audited,
  agent: HostAgent,
  id: CapsuleId,
  signal: AbortSignal,
): Promise<boolean> {
  // Before the host is asked: what it answers is old news of one that was resumed meanwhile.
  const version = await versionOf(context.database, id);
  const { sandboxes } = await agent.list(signal);
  if (sandboxes.find(({ sandboxId }) => sandboxId === id)?.status !== 'paused') return false;
  const job = await findRunning(context.database, id);
  // One that was asked for, and whose end is about to be written, is not the host's.
  const actor = job?.kind === 'pause' ? job.actor : platformPart('host');
  const happening = { what: 'capsule.pause', actor } as const;
  try {
    await transition(context, { id, action: 'find_paused', version, happening });
  } catch (thrown) {
    // Somebody else has seen it.
    const { code } = WrennError.from(thrown);
    if (code !== 'invalid_state' && code !== 'conflict') throw thrown;
  }
  return true;
}

import { type CapsuleId, describeError, WrennError } from '@wrenn/core';
import type { Doer } from '../access/principal.ts';
import { recordFailure } from '../audit/failure.ts';
import type { ServerContext } from '../server-context.ts';
import { findPlaced, type PlacedCapsule, type Transition, transition } from './store.ts';

/**
 * Ends a capsule for good. Done twice, it succeeds twice. On a host that is known to be unreachable the row is
 * closed at once, and the machine is destroyed when the host comes back.
 */
export async function destroyCapsule(
  context: ServerContext,
  { teamId, actor }: Doer,
  id: CapsuleId,
): Promise<void> {
  const capsule = await findPlaced(context.database, teamId, id);
  if (capsule.status === 'stopped') return;
  const happening = { what: 'capsule.destroy', actor } as const;
  const report = { startedAt: new Date(), steps: [] };
  try {
    await destroyOnHost(context, capsule);
    await closeRow(context, { id, happening, report });
  } catch (thrown) {
    await recordFailure(context, { ...happening, teamId, resourceId: id }, thrown);
    throw thrown;
  }
}

async function closeRow(context: ServerContext, closing: Omit<Transition, 'action'>): Promise<void> {
  try {
    await transition(context, { ...closing, action: 'destroy' });
  } catch (thrown) {
    // Another destroy was faster.
    if (!(thrown instanceof WrennError && thrown.code === 'invalid_state')) throw thrown;
  }
}

async function destroyOnHost({ agents, log }: ServerContext, { id, host }: PlacedCapsule): Promise<void> {
  try {
    await agents.of(host).destroy(id);
  } catch (thrown) {
    const error = WrennError.from(thrown, 'destroying the capsule');
    if (error.code !== 'host_unavailable' || host.status === 'online') throw error;
    log.warn(
      { capsule: id, host: host.id, cause: describeError(error) },
      'destroy is left to the host monitor',
    );
  }
}

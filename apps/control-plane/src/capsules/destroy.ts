import { type CapsuleId, describeError, type TeamId, WrennError } from '@wrenn/core';
import type { ServerContext } from '../server-context.ts';
import { findPlaced, type PlacedCapsule, transition } from './store.ts';

/**
 * Ends a capsule for good. Done twice, it succeeds twice. On a host that is known to be unreachable the row is
 * closed at once, and the machine is destroyed when the host comes back.
 */
export async function destroyCapsule(context: ServerContext, teamId: TeamId, id: CapsuleId): Promise<void> {
  const capsule = await findPlaced(context.database, teamId, id);
  if (capsule.status === 'stopped') return;
  await destroyOnHost(context, capsule);
  try {
    await transition(context.database, id, 'destroy');
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

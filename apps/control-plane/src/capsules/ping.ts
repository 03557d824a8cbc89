import { type CapsuleId, nextCapsuleState, type TeamId, uuidFromId } from '@wrenn/core';
import { sql } from 'kysely';
import type { ServerContext } from '../server-context.ts';
import { findPlaced } from './store.ts';

/** Counts as a use of the capsule: the time after which it is paused begins anew. */
export async function pingCapsule(
  { agents, database }: ServerContext,
  teamId: TeamId,
  id: CapsuleId,
): Promise<void> {
  const { host, status } = await findPlaced(database, teamId, id);
  nextCapsuleState('ping', status);
  await agents.of(host).ping(id);
  await database
    .updateTable('capsules')
    .set({ last_active_at: sql`now()` })
    .where('id', '=', uuidFromId(id))
    .where('status', '=', 'running')
    .execute();
}

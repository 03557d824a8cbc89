import { type TeamId, uuidFromId, WrennError } from '@wrenn/core';
import { platformTeam } from '../audit/happening.ts';
import type { Queryable } from '../db/database.ts';
import { lockTeam } from '../teams/membership.ts';

/** A team that is there, locked until the transaction is over. The platform's is no team to be administrated. */
export async function findLiveTeam(
  transaction: Queryable,
  teamId: TeamId,
): Promise<{ readonly name: string; readonly isByoc: boolean }> {
  if (teamId === platformTeam) throw new WrennError('forbidden', 'this is the team of the platform itself');
  await lockTeam(transaction, teamId);
  const row = await transaction
    .selectFrom('teams')
    .select(['name', 'is_byoc'])
    .where('id', '=', uuidFromId(teamId))
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  if (row === undefined) throw new WrennError('not_found', `no team ${teamId}`);
  return { name: row.name, isByoc: row.is_byoc };
}

import { type TeamId, uuidFromId, WrennError } from '@wrenn/core';
import { actorOf, type UserPrincipal } from '../access/principal.ts';
import type { ServerContext } from '../server-context.ts';
import { findLiveTeam } from './find-team.ts';
import { onPlatform } from './platform.ts';

/** From now on the capsules of the team are made on hosts of its own only. There is no way back. */
export async function setByoc(
  { database, recorder }: ServerContext,
  user: UserPrincipal,
  teamId: TeamId,
): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    const team = await findLiveTeam(transaction, teamId);
    if (team.isByoc) return;
    await transaction
      .updateTable('teams')
      .set({ is_byoc: true })
      .where('id', '=', uuidFromId(teamId))
      .execute();
    const what = { what: 'team.set_byoc', resourceId: teamId, metadata: { enabled: true } } as const;
    const actor = actorOf(user);
    await recorder.record(transaction, { teamId, actor, ...what }, onPlatform(actor, what));
  });
}

export function refuseTurningOff(): never {
  throw new WrennError('invalid_request', 'enabled: a team goes on with hosts of its own for good', {
    field: 'enabled',
  });
}

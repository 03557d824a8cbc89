import { type TeamId, uuidFromId, WrennError } from '@wrenn/core';
import type { UserPrincipal } from '../access/principal.ts';
import type { ServerContext } from '../server-context.ts';
import { moveSession } from './login-sessions.ts';

/** Lets the session act for another team of its user. */
export async function switchTeam(
  { database }: ServerContext,
  user: UserPrincipal,
  teamId: TeamId,
): Promise<void> {
  const team = await database
    .selectFrom('teams as team')
    .leftJoin('memberships as member', (join) =>
      join.onRef('member.team_id', '=', 'team.id').on('member.user_id', '=', uuidFromId(user.userId)),
    )
    .where('team.id', '=', uuidFromId(teamId))
    .where('team.deleted_at', 'is', null)
    .select('member.role')
    .executeTakeFirst();
  if (team === undefined) throw new WrennError('not_found', `no team ${teamId}`, { field: 'team_id' });
  if (team.role === null) {
    throw new WrennError('forbidden', `you are no member of the team ${teamId}`, { field: 'team_id' });
  }
  await moveSession(database, user.sessionId, teamId);
}

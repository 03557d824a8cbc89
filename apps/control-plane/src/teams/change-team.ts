import { type TeamId, uuidFromId } from '@wrenn/core';
import { actorOf, type UserPrincipal } from '../access/principal.ts';
import type { Happening } from '../audit/happening.ts';
import type { ServerContext } from '../server-context.ts';
import { inTeam } from './in-team.ts';

export interface TeamChange {
  readonly name?: string | undefined;
  readonly auditsAccess?: boolean | undefined;
}

/** Renames a team, or changes what is in its audit log. What is as it was already is not written down. */
export async function changeTeam(
  context: ServerContext,
  user: UserPrincipal,
  teamId: TeamId,
  change: TeamChange,
): Promise<void> {
  await inTeam(context, { user, teamId, least: 'admin' }, async (transaction, team) => {
    const { name = team.name, auditsAccess = team.auditsAccess } = change;
    const common = { teamId, actor: actorOf(user), resourceId: teamId } as const;
    const happenings: Happening[] = [];
    if (name !== team.name) {
      happenings.push({ ...common, what: 'team.rename', personal: { old_name: team.name, new_name: name } });
    }
    if (auditsAccess !== team.auditsAccess) {
      happenings.push({ ...common, what: 'team.settings', metadata: { audits_access: auditsAccess } });
    }
    await transaction
      .updateTable('teams')
      .set({ name, audits_access: auditsAccess })
      .where('id', '=', uuidFromId(teamId))
      .execute();
    await context.recorder.record(transaction, ...happenings);
  });
}

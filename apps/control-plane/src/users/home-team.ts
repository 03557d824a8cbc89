import { idFromUuid, type TeamId, uuidFromId } from '@wrenn/core';
import type { Actor } from '../access/principal.ts';
import type { Happening } from '../audit/happening.ts';
import type { Queryable } from '../db/database.ts';
import { createTeam } from '../teams/store.ts';
import type { User } from './store.ts';

/** The team that a new session acts for, and what is to be recorded of it. */
export interface HomeTeam {
  readonly teamId: TeamId;
  readonly happenings: readonly Happening[];
}

/**
 * The user's default team, else the one that they have been in for longest. Who is in none gets one of their own. The
 * caller has locked the user.
 */
export async function homeTeam(transaction: Queryable, user: Pick<User, 'id' | 'name'>): Promise<HomeTeam> {
  const row = await transaction
    .selectFrom('memberships as member')
    .innerJoin('teams as team', 'team.id', 'member.team_id')
    .where('member.user_id', '=', uuidFromId(user.id))
    .where('team.deleted_at', 'is', null)
    .orderBy('member.is_default', 'desc')
    .orderBy('member.created_at')
    .select('team.id')
    .executeTakeFirst();
  if (row !== undefined) return { teamId: idFromUuid('team', row.id), happenings: [] };
  const name = `${user.name}'s Team`;
  const teamId = await createTeam(transaction, { name, ownerId: user.id });
  const actor: Actor = { type: 'user', id: user.id, name: user.name };
  const made: Happening = { teamId, actor, what: 'team.create', resourceId: teamId, personal: { name } };
  return { teamId, happenings: [made] };
}

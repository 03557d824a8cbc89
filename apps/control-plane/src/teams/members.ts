import { idFromUuid, type TeamId, type UserId, uuidFromId, WrennError } from '@wrenn/core';
import type { Queryable } from '../db/database.ts';
import type { TeamRole } from '../db/schema.ts';

export interface Member {
  readonly userId: UserId;
  readonly name: string;
  readonly email: string;
  readonly role: TeamRole;
  readonly joinedAt: Date;
  /** Whether they can sign in. */
  readonly isActive: boolean;
}

export type GrantableRole = Exclude<TeamRole, 'owner'>;

/** All members of a team, in the order in which they came. */
export async function listMembers(database: Queryable, teamId: TeamId): Promise<Member[]> {
  const rows = await members(database, teamId)
    .orderBy('member.created_at')
    .orderBy('member.user_id')
    .execute();
  return rows.map(fromRow);
}

/** Throws `not_found` for somebody who is no member, whoever else they are. */
export async function findMember(database: Queryable, teamId: TeamId, userId: UserId): Promise<Member> {
  const row = await members(database, teamId)
    .where('member.user_id', '=', uuidFromId(userId))
    .executeTakeFirst();
  if (row === undefined) throw new WrennError('not_found', `the team has no member ${userId}`);
  return fromRow(row);
}

export async function findMemberByEmail(
  database: Queryable,
  teamId: TeamId,
  email: string,
): Promise<Member | undefined> {
  const row = await members(database, teamId).where('user.email', '=', email).executeTakeFirst();
  return row && fromRow(row);
}

/** False for somebody who is a member already; they keep their role. */
export async function insertMember(
  transaction: Queryable,
  teamId: TeamId,
  userId: UserId,
  role: GrantableRole,
): Promise<boolean> {
  const row = await transaction
    .insertInto('memberships')
    .values({ team_id: uuidFromId(teamId), user_id: uuidFromId(userId), role })
    .onConflict((conflict) => conflict.columns(['team_id', 'user_id']).doNothing())
    .returning('team_id')
    .executeTakeFirst();
  return row !== undefined;
}

export async function setRole(
  transaction: Queryable,
  teamId: TeamId,
  userId: UserId,
  role: TeamRole,
): Promise<void> {
  await transaction
    .updateTable('memberships')
    .set({ role })
    .where('team_id', '=', uuidFromId(teamId))
    .where('user_id', '=', uuidFromId(userId))
    .execute();
}

/** Their sessions act for the team no more: membership is asked at each request. */
export async function removeMember(transaction: Queryable, teamId: TeamId, userId: UserId): Promise<void> {
  await transaction
    .deleteFrom('memberships')
    .where('team_id', '=', uuidFromId(teamId))
    .where('user_id', '=', uuidFromId(userId))
    .execute();
}

function members(database: Queryable, teamId: TeamId) {
  return database
    .selectFrom('memberships as member')
    .innerJoin('users as user', 'user.id', 'member.user_id')
    .where('member.team_id', '=', uuidFromId(teamId))
    .where('user.status', '!=', 'deleted')
    .select(['user.id', 'user.name', 'user.email', 'user.status', 'member.role', 'member.created_at']);
}

function fromRow(row: Awaited<ReturnType<ReturnType<typeof members>['execute']>>[number]): Member {
  return {
    userId: idFromUuid('user', row.id),
    name: row.name,
    email: row.email,
    role: row.role,
    joinedAt: row.created_at,
    isActive: row.status === 'active',
  };
}

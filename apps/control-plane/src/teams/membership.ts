import { idFromUuid, type TeamId, type UserId, uuidFromId, WrennError } from '@wrenn/core';
import { hasRole } from '../access/route-auth.ts';
import type { Queryable } from '../db/database.ts';
import type { TeamRole } from '../db/schema.ts';

/** A team as one of its members sees it. */
export interface Membership {
  readonly teamId: TeamId;
  readonly name: string;
  readonly slug: string;
  readonly isByoc: boolean;
  readonly auditsAccess: boolean;
  readonly createdAt: Date;
  readonly role: TeamRole;
}

/**
 * What somebody is in a team at this moment. Throws `forbidden` for one that they are no member of, or that is not
 * there: these two are not told apart.
 */
export async function membershipIn(
  database: Queryable,
  userId: UserId,
  teamId: TeamId,
  least: TeamRole = 'member',
): Promise<Membership> {
  const found = await memberships(database, userId)
    .where('team.id', '=', uuidFromId(teamId))
    .executeTakeFirst();
  if (found === undefined) {
    throw new WrennError('forbidden', `you are no member of the team ${teamId}`, {
      remedy: 'GET /v1/teams lists yours',
    });
  }
  if (!hasRole(found.role, least)) {
    throw new WrennError('forbidden', `this takes the role ${least} in the team`);
  }
  return fromRow(found);
}

/** The same, and nobody changes the team or its members until the transaction is over. */
export async function lockMembership(
  transaction: Queryable,
  userId: UserId,
  teamId: TeamId,
  least: TeamRole = 'member',
): Promise<Membership> {
  await lockTeam(transaction, teamId);
  return await membershipIn(transaction, userId, teamId, least);
}

/** Changes of one team come one after another. What is read before the lock may be outdated when it is there. */
export async function lockTeam(transaction: Queryable, teamId: TeamId): Promise<void> {
  await transaction
    .selectFrom('teams')
    .select('id')
    .where('id', '=', uuidFromId(teamId))
    .forNoKeyUpdate()
    .execute();
}

/** All teams of somebody, by name. */
export async function listMemberships(database: Queryable, userId: UserId): Promise<Membership[]> {
  const rows = await memberships(database, userId).orderBy('team.name').orderBy('team.id').execute();
  return rows.map(fromRow);
}

function memberships(database: Queryable, userId: UserId) {
  return database
    .selectFrom('memberships as member')
    .innerJoin('teams as team', 'team.id', 'member.team_id')
    .where('member.user_id', '=', uuidFromId(userId))
    .where('team.deleted_at', 'is', null)
    .select([
      'team.id',
      'team.name',
      'team.slug',
      'team.is_byoc',
      'team.audits_access',
      'team.created_at',
      'member.role',
    ]);
}

type Row = Awaited<ReturnType<ReturnType<typeof memberships>['execute']>>[number];

function fromRow(row: Row): Membership {
  return {
    teamId: idFromUuid('team', row.id),
    name: row.name,
    slug: row.slug,
    isByoc: row.is_byoc,
    auditsAccess: row.audits_access,
    createdAt: row.created_at,
    role: row.role,
  };
}

import { idFromUuid, newId, type SessionId, type TeamId, type UserId, uuidFromId } from '@wrenn/core';
import { sql } from 'kysely';
import type { UserPrincipal } from '../access/principal.ts';
import type { Queryable } from '../db/database.ts';
import type { Origin } from '../http/origin.ts';

/** A session that nobody revokes ends after so long, however often it was used. */
const sessionDays = 30;
const seenEvery = sql`interval '1 minute'`;

export async function beginSession(
  database: Queryable,
  session: { readonly userId: UserId; readonly teamId: TeamId | undefined; readonly origin: Origin },
): Promise<SessionId> {
  const id = newId('session');
  await database
    .insertInto('sessions')
    .values({
      id: uuidFromId(id),
      user_id: uuidFromId(session.userId),
      team_id: session.teamId === undefined ? null : uuidFromId(session.teamId),
      user_agent: session.origin.userAgent.slice(0, 300),
      address: session.origin.address,
      expires_at: sql<Date>`now() + make_interval(days => ${sql.lit(sessionDays)})`,
    })
    .execute();
  return id;
}

export type FoundSession =
  | { readonly state: 'live'; readonly principal: UserPrincipal; readonly isStale: boolean }
  /** The session is whole, but its user may not sign in any more. */
  | { readonly state: 'deactivated' };

/** Whose session it is, and what they may do now; undefined when it is over. */
export async function findSession(database: Queryable, id: SessionId): Promise<FoundSession | undefined> {
  const row = await database
    .selectFrom('sessions as session')
    .innerJoin('users as user', 'user.id', 'session.user_id')
    .leftJoin('memberships as member', (join) =>
      join.onRef('member.team_id', '=', 'session.team_id').onRef('member.user_id', '=', 'session.user_id'),
    )
    .leftJoin('teams as team', (join) =>
      join.onRef('team.id', '=', 'member.team_id').on('team.deleted_at', 'is', null),
    )
    .where('session.id', '=', uuidFromId(id))
    .where('session.revoked_at', 'is', null)
    .where('session.expires_at', '>', sql<Date>`now()`)
    .select([
      'user.id as user_id',
      'user.email',
      'user.name',
      'user.is_admin',
      'user.status',
      'member.role',
      'team.id as team_id',
      'team.audits_access',
      sql<boolean>`session.last_seen_at < now() - ${seenEvery}`.as('is_stale'),
    ])
    .executeTakeFirst();
  if (row === undefined) return undefined;
  if (row.status !== 'active') return { state: 'deactivated' };
  const { team_id: team, role, audits_access: auditsAccess } = row;
  const principal: UserPrincipal = {
    kind: 'user',
    userId: idFromUuid('user', row.user_id),
    sessionId: id,
    email: row.email,
    name: row.name,
    isAdmin: row.is_admin,
    team:
      team === null || role === null || auditsAccess === null
        ? undefined
        : { id: idFromUuid('team', team), role, auditsAccess },
  };
  return { state: 'live', principal, isStale: row.is_stale };
}

export async function noteSeen(database: Queryable, id: SessionId): Promise<void> {
  await database
    .updateTable('sessions')
    .set({ last_seen_at: sql`now()` })
    .where('id', '=', uuidFromId(id))
    .execute();
}

/** Ends sessions of a user: all of them, all but one, or one. Returns how many there were. */
export async function revokeSessions(
  database: Queryable,
  userId: UserId,
  which: 'all' | { readonly only: SessionId } | { readonly allBut: SessionId },
): Promise<number> {
  let query = database
    .updateTable('sessions')
    .set({ revoked_at: sql`now()` })
    .where('user_id', '=', uuidFromId(userId))
    .where('revoked_at', 'is', null);
  if (which !== 'all') {
    query =
      'only' in which
        ? query.where('id', '=', uuidFromId(which.only))
        : query.where('id', '!=', uuidFromId(which.allBut));
  }
  const { numUpdatedRows } = await query.executeTakeFirst();
  return Number(numUpdatedRows);
}

/** Whether somebody with this address is signed in from there. */
export async function hasSessionFrom(database: Queryable, email: string, address: string): Promise<boolean> {
  const row = await database
    .selectFrom('sessions as session')
    .innerJoin('users as user', 'user.id', 'session.user_id')
    .where('user.email', '=', email)
    .where('session.address', '=', address)
    .where('session.revoked_at', 'is', null)
    .where('session.expires_at', '>', sql<Date>`now()`)
    .select('session.id')
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** A session as its user sees it. */
export interface ListedSession {
  readonly id: SessionId;
  readonly userAgent: string;
  readonly address: string;
  readonly createdAt: Date;
  readonly lastSeenAt: Date;
  readonly expiresAt: Date;
}

/** More than anybody looks through. */
const mostListed = 200;

/** The sessions of a user that are not over, those that were used last first. */
export async function listSessions(database: Queryable, userId: UserId): Promise<ListedSession[]> {
  const rows = await database
    .selectFrom('sessions')
    .selectAll()
    .where('user_id', '=', uuidFromId(userId))
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', sql<Date>`now()`)
    .orderBy('last_seen_at', 'desc')
    .limit(mostListed)
    .execute();
  return rows.map((row) => ({
    id: idFromUuid('session', row.id),
    userAgent: row.user_agent,
    address: row.address,
    createdAt: row.created_at,
    lastSeenAt: row.last_seen_at,
    expiresAt: row.expires_at,
  }));
}

export async function moveSession(database: Queryable, id: SessionId, teamId: TeamId): Promise<void> {
  await database
    .updateTable('sessions')
    .set({ team_id: uuidFromId(teamId) })
    .where('id', '=', uuidFromId(id))
    .execute();
}

import { createHash, randomBytes } from 'node:crypto';
import {
  type InvitationId,
  idFromUuid,
  newId,
  Secret,
  type TeamId,
  type UserId,
  uuidFromId,
} from '@wrenn/core';
import { type Selectable, sql } from 'kysely';
import type { Queryable } from '../db/database.ts';
import type { Schema } from '../db/schema.ts';
import type { GrantableRole } from './members.ts';

/** Somebody who may become a member of a team, whether or not they have an account yet. */
export interface Invitation {
  readonly id: InvitationId;
  readonly teamId: TeamId;
  readonly email: string;
  readonly role: GrantableRole;
  readonly invitedBy: UserId | undefined;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

export interface NewInvitation extends Pick<Invitation, 'teamId' | 'email' | 'role'> {
  readonly invitedBy: UserId;
}

const days = 7;

/** Whoever was invited before gets a new token; the old one is void. Its text is in the mail only. */
export async function insertInvitation(
  transaction: Queryable,
  { teamId, email, role, invitedBy }: NewInvitation,
): Promise<{ readonly invitation: Invitation; readonly token: Secret }> {
  const token = new Secret(randomBytes(32).toString('base64url'));
  const row = await transaction
    .insertInto('invitations')
    .values({
      id: uuidFromId(newId('invitation')),
      team_id: uuidFromId(teamId),
      email,
      role,
      token_hash: hashOf(token.reveal()),
      invited_by: uuidFromId(invitedBy),
      expires_at: sql<Date>`now() + make_interval(days => ${sql.lit(days)})`,
    })
    .onConflict((conflict) =>
      conflict.columns(['team_id', 'email']).doUpdateSet((row) => ({
        role: row.ref('excluded.role'),
        token_hash: row.ref('excluded.token_hash'),
        invited_by: row.ref('excluded.invited_by'),
        created_at: sql<Date>`now()`,
        expires_at: row.ref('excluded.expires_at'),
      })),
    )
    .returningAll()
    .executeTakeFirstOrThrow();
  return { invitation: fromRow(row), token };
}

/** Those of a team that can still be accepted, newest first. */
export async function listInvitations(database: Queryable, teamId: TeamId): Promise<Invitation[]> {
  const rows = await database
    .selectFrom('invitations')
    .selectAll()
    .where('team_id', '=', uuidFromId(teamId))
    .where('expires_at', '>', sql<Date>`now()`)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .execute();
  return rows.map(fromRow);
}

/** The invitation that a token stands for, if it can still be accepted. */
export async function findInvitation(database: Queryable, token: string): Promise<Invitation | undefined> {
  const row = await database
    .selectFrom('invitations as invitation')
    .innerJoin('teams as team', 'team.id', 'invitation.team_id')
    .selectAll('invitation')
    .where('invitation.token_hash', '=', hashOf(token))
    .where('invitation.expires_at', '>', sql<Date>`now()`)
    .where('team.deleted_at', 'is', null)
    .executeTakeFirst();
  return row && fromRow(row);
}

/** The one that was deleted; undefined where the team has none like it. */
export async function deleteInvitation(
  transaction: Queryable,
  teamId: TeamId,
  which: { readonly id: InvitationId } | { readonly email: string },
): Promise<Invitation | undefined> {
  const row = await transaction
    .deleteFrom('invitations')
    .where('team_id', '=', uuidFromId(teamId))
    .where((where) =>
      'id' in which ? where('id', '=', uuidFromId(which.id)) : where('email', '=', which.email),
    )
    .returningAll()
    .executeTakeFirst();
  return row && fromRow(row);
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

function fromRow(row: Selectable<Schema['invitations']>): Invitation {
  return {
    id: idFromUuid('invitation', row.id),
    teamId: idFromUuid('team', row.team_id),
    email: row.email,
    role: row.role,
    invitedBy: row.invited_by === null ? undefined : idFromUuid('user', row.invited_by),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  };
}

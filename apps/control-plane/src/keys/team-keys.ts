import { type ApiKeyId, idFromUuid, type TeamId, type UserId, uuidFromId, WrennError } from '@wrenn/core';
import type { Actor } from '../access/principal.ts';
import type { Happening } from '../audit/happening.ts';
import type { Queryable } from '../db/database.ts';

/** What a team sees of one of its keys. */
export interface TeamKey {
  readonly id: ApiKeyId;
  readonly name: string;
  readonly prefix: string;
  readonly scopes: readonly string[];
  readonly createdBy: { readonly id: UserId; readonly email: string } | undefined;
  readonly createdAt: Date;
  readonly expiresAt: Date | undefined;
  readonly lastUsed: Date | undefined;
}

/** A list that a person can look through; it also bounds what one team can make. */
const mostKeys = 1000;

/** All keys of a team, newest first, also those that have expired. */
export async function listKeys(database: Queryable, teamId: TeamId): Promise<TeamKey[]> {
  const rows = await keysOf(database, teamId)
    .orderBy('key.created_at', 'desc')
    .orderBy('key.id', 'desc')
    .execute();
  return rows.map(fromRow);
}

export async function findTeamKey(
  database: Queryable,
  teamId: TeamId,
  id: ApiKeyId,
): Promise<TeamKey | undefined> {
  const row = await keysOf(database, teamId).where('key.id', '=', uuidFromId(id)).executeTakeFirst();
  return row && fromRow(row);
}

function keysOf(database: Queryable, teamId: TeamId) {
  return database
    .selectFrom('api_keys as key')
    .leftJoin('users as creator', 'creator.id', 'key.created_by')
    .where('key.team_id', '=', uuidFromId(teamId))
    .select([
      'key.id',
      'key.name',
      'key.key_prefix',
      'key.scopes',
      'key.created_at',
      'key.expires_at',
      'key.last_used',
      'creator.id as creator_id',
      'creator.email as creator_email',
    ]);
}

function fromRow(row: Awaited<ReturnType<ReturnType<typeof keysOf>['execute']>>[number]): TeamKey {
  const { creator_id: creator, creator_email: email } = row;
  return {
    id: idFromUuid('apiKey', row.id),
    name: row.name,
    prefix: row.key_prefix,
    scopes: row.scopes,
    createdBy: creator === null || email === null ? undefined : { id: idFromUuid('user', creator), email },
    createdAt: row.created_at,
    expiresAt: row.expires_at ?? undefined,
    lastUsed: row.last_used ?? undefined,
  };
}

/** Throws where a team has as many keys as it may. */
export async function refuseTooManyKeys(database: Queryable, teamId: TeamId): Promise<void> {
  const { count } = await database
    .selectFrom('api_keys')
    .select(({ fn }) => fn.countAll<string>().as('count'))
    .where('team_id', '=', uuidFromId(teamId))
    .executeTakeFirstOrThrow();
  if (Number(count) < mostKeys) return;
  throw new WrennError('conflict', `the team has ${mostKeys} API keys already`, {
    remedy: 'revoke keys that are not used any more',
  });
}

export async function deleteKey(database: Queryable, id: ApiKeyId): Promise<void> {
  await database.deleteFrom('api_keys').where('id', '=', uuidFromId(id)).execute();
}

/** Revokes every key that somebody made, in whatever team. Returns what is to be recorded of it. */
export async function revokeKeysOf(
  transaction: Queryable,
  userId: UserId,
  actor: Actor,
): Promise<Happening[]> {
  const rows = await transaction
    .deleteFrom('api_keys')
    .where('created_by', '=', uuidFromId(userId))
    .returning(['id', 'team_id', 'name'])
    .execute();
  return rows.map((row) => ({
    teamId: idFromUuid('team', row.team_id),
    actor,
    what: 'api_key.revoke',
    resourceId: idFromUuid('apiKey', row.id),
    metadata: { name: row.name },
  }));
}

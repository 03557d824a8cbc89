import { timingSafeEqual } from 'node:crypto';
import {
  type ApiKeyId,
  idFromUuid,
  newId,
  type Secret,
  type TeamId,
  type UserId,
  uuidFromId,
} from '@wrenn/core';
import { sql } from 'kysely';
import type { KeyPrincipal } from '../access/principal.ts';
import { type GrantableScope, grantableScopes } from '../access/scopes.ts';
import type { Queryable } from '../db/database.ts';
import { hashApiKey, type KeyShape, newApiKey, visiblePrefix } from './api-key.ts';

/** The key that `text` is; undefined when it is none, or one of a team or user that is gone. */
export async function findKey(database: Queryable, text: string): Promise<FoundKey | undefined> {
  const hash = hashApiKey(text);
  if (hash === undefined) return undefined;
  const row = await database
    .selectFrom('api_keys as key')
    .innerJoin('teams as team', 'team.id', 'key.team_id')
    .where('key.key_hash', '=', hash)
    .where('team.deleted_at', 'is', null)
    .where((where) =>
      where.or([where('key.expires_at', 'is', null), where('key.expires_at', '>', sql<Date>`now()`)]),
    )
    .select([
      'key.id',
      'key.team_id',
      'key.key_hash',
      'key.name',
      'key.scopes',
      'team.audits_access',
      sql<boolean>`key.last_used is null or key.last_used < now() - interval '1 minute'`.as('is_stale'),
      sql<boolean>`key.audited_on is distinct from (now() at time zone 'utc')::date`.as('is_first_today'),
    ])
    .executeTakeFirst();
  if (row === undefined || !timingSafeEqual(Buffer.from(row.key_hash), Buffer.from(hash))) return undefined;
  const principal: KeyPrincipal = {
    kind: 'api_key',
    keyId: idFromUuid('apiKey', row.id),
    keyName: row.name,
    scopes: grantableScopes.filter((scope) => row.scopes.includes(scope)),
    team: { id: idFromUuid('team', row.team_id), auditsAccess: row.audits_access },
  };
  return { principal, isStale: row.is_stale, isFirstToday: row.is_first_today };
}

export interface FoundKey {
  readonly principal: KeyPrincipal;
  /** Its last use was noted more than a minute ago. */
  readonly isStale: boolean;
  /** The audit log has no use of it on this day yet. */
  readonly isFirstToday: boolean;
}

export async function noteUse(database: Queryable, id: ApiKeyId): Promise<void> {
  await database
    .updateTable('api_keys')
    .set({ last_used: sql`now()` })
    .where('id', '=', uuidFromId(id))
    .execute();
}

/** False where another request was the first of the day. */
export async function claimFirstUse(database: Queryable, id: ApiKeyId): Promise<boolean> {
  const row = await database
    .updateTable('api_keys')
    .set({ audited_on: sql`(now() at time zone 'utc')::date`, last_used: sql`now()` })
    .where('id', '=', uuidFromId(id))
    .where(sql<boolean>`audited_on is distinct from (now() at time zone 'utc')::date`)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

export interface NewKey {
  readonly teamId: TeamId;
  readonly name: string;
  readonly scopes?: readonly GrantableScope[];
  readonly expiresAt?: Date | undefined;
  readonly createdBy?: UserId;
  readonly shape?: KeyShape;
}

export interface CreatedKey {
  readonly id: ApiKeyId;
  readonly key: Secret;
}

/** Makes a key. This is the only time that its text exists. */
export async function createKey(database: Queryable, wanted: NewKey): Promise<CreatedKey> {
  const { teamId, name, scopes = ['all'], expiresAt, createdBy, shape = 'wrenn' } = wanted;
  const id = newId('apiKey');
  const key = newApiKey(shape);
  const hash = hashApiKey(key.reveal());
  if (hash === undefined) throw new TypeError('a new key does not have the shape of a key');
  await database
    .insertInto('api_keys')
    .values({
      id: uuidFromId(id),
      team_id: uuidFromId(teamId),
      name,
      key_hash: hash,
      key_prefix: visiblePrefix(key),
      scopes: [...scopes],
      expires_at: expiresAt ?? null,
      created_by: createdBy === undefined ? null : uuidFromId(createdBy),
    })
    .execute();
  return { id, key };
}

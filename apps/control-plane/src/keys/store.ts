import { timingSafeEqual } from 'node:crypto';
import { type ApiKeyId, idFromUuid, newId, type Secret, type TeamId, uuidFromId } from '@wrenn/core';
import { sql } from 'kysely';
import type { Database, Queryable } from '../db/database.ts';
import { hashApiKey, newApiKey, visiblePrefix } from './api-key.ts';

/** Who makes a request. */
export interface Caller {
  readonly keyId: ApiKeyId;
  readonly teamId: TeamId;
}

/** The caller that `text` is the key of; undefined when it is not one. Notes the use, once a minute at most. */
export async function findCaller(database: Database, text: string): Promise<Caller | undefined> {
  const hash = hashApiKey(text);
  if (hash === undefined) return undefined;
  const row = await database
    .selectFrom('api_keys as key')
    .innerJoin('teams as team', 'team.id', 'key.team_id')
    .where('key.key_hash', '=', hash)
    .where('team.deleted_at', 'is', null)
    .select([
      'key.id',
      'key.team_id',
      'key.key_hash',
      sql<boolean>`key.last_used is null or key.last_used < now() - interval '1 minute'`.as('is_stale'),
    ])
    .executeTakeFirst();
  if (row === undefined || !timingSafeEqual(Buffer.from(row.key_hash), Buffer.from(hash))) return undefined;
  if (row.is_stale) {
    await database.updateTable('api_keys').set({ last_used: sql`now()` }).where('id', '=', row.id).execute();
  }
  return { keyId: idFromUuid('apiKey', row.id), teamId: idFromUuid('team', row.team_id) };
}

/** Makes a key. This is the only time that its text exists. */
export async function createKey(database: Queryable, teamId: TeamId, name: string): Promise<Secret> {
  const key = newApiKey();
  const hash = hashApiKey(key.reveal());
  if (hash === undefined) throw new TypeError('a new key does not have the shape of a key');
  await database
    .insertInto('api_keys')
    .values({
      id: uuidFromId(newId('apiKey')),
      team_id: uuidFromId(teamId),
      name,
      key_hash: hash,
      key_prefix: visiblePrefix(key),
    })
    .execute();
  return key;
}

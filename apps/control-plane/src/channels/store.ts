import {
  type ChannelId,
  idFromUuid,
  newId,
  type Secret,
  type TeamId,
  uuidFromId,
  WrennError,
} from '@wrenn/core';
import { type Selectable, sql } from 'kysely';
import type { Queryable } from '../db/database.ts';
import { isUniqueViolation } from '../db/faults.ts';
import type { ChannelProvider, Schema } from '../db/schema.ts';
import { seal, unseal } from '../secrets/seal.ts';
import type { Channel } from './channel.ts';

/** So many channels a team may have: each event is sent to all of them. */
const mostChannels = 50;

export interface NewChannel {
  readonly teamId: TeamId;
  readonly name: string;
  readonly provider: ChannelProvider;
  readonly config: unknown;
  readonly events: readonly string[];
}

export async function insertChannel(
  transaction: Queryable,
  key: Secret,
  { teamId, name, provider, config, events }: NewChannel,
): Promise<Channel> {
  const { count } = await transaction
    .selectFrom('channels')
    .select((select) => select.fn.countAll<string>().as('count'))
    .where('team_id', '=', uuidFromId(teamId))
    .executeTakeFirstOrThrow();
  if (Number(count) >= mostChannels)
    throw new WrennError('conflict', `the team has ${mostChannels} channels already`);
  const row = await named(
    name,
    transaction
      .insertInto('channels')
      .values({
        id: uuidFromId(newId('channel')),
        team_id: uuidFromId(teamId),
        name,
        provider,
        config: seal(key, 'channel', config),
        event_types: [...events],
      })
      .returningAll()
      .executeTakeFirstOrThrow(),
  );
  return fromRow(row, key);
}

export async function listChannels(database: Queryable, key: Secret, teamId: TeamId): Promise<Channel[]> {
  const rows = await database
    .selectFrom('channels')
    .selectAll()
    .where('team_id', '=', uuidFromId(teamId))
    .orderBy('name')
    .execute();
  return rows.map((row) => fromRow(row, key));
}

export async function findChannel(
  database: Queryable,
  key: Secret,
  teamId: TeamId,
  id: ChannelId,
): Promise<Channel> {
  const row = await database
    .selectFrom('channels')
    .selectAll()
    .where('id', '=', uuidFromId(id))
    .where('team_id', '=', uuidFromId(teamId))
    .executeTakeFirst();
  if (row === undefined) throw unknownChannel(id);
  return fromRow(row, key);
}

export type ChannelChange =
  | { readonly name: string; readonly events: readonly string[] }
  | { readonly config: unknown };

export async function updateChannel(
  transaction: Queryable,
  key: Secret,
  { teamId, id }: Pick<Channel, 'teamId' | 'id'>,
  change: ChannelChange,
): Promise<Channel> {
  const values =
    'config' in change
      ? { config: seal(key, 'channel', change.config) }
      : { name: change.name, event_types: [...change.events] };
  const row = await named(
    'name' in change ? change.name : '',
    transaction
      .updateTable('channels')
      .set({ ...values, updated_at: sql`now()` })
      .where('id', '=', uuidFromId(id))
      .where('team_id', '=', uuidFromId(teamId))
      .returningAll()
      .executeTakeFirst(),
  );
  if (row === undefined) throw unknownChannel(id);
  return fromRow(row, key);
}

/** Its name; undefined when it was not there. */
export async function deleteChannel(
  transaction: Queryable,
  { teamId, id }: Pick<Channel, 'teamId' | 'id'>,
): Promise<string | undefined> {
  const row = await transaction
    .deleteFrom('channels')
    .where('id', '=', uuidFromId(id))
    .where('team_id', '=', uuidFromId(teamId))
    .returning('name')
    .executeTakeFirst();
  return row?.name;
}

export function fromRow(row: Selectable<Schema['channels']>, key: Secret): Channel {
  return {
    id: idFromUuid('channel', row.id),
    teamId: idFromUuid('team', row.team_id),
    name: row.name,
    provider: row.provider,
    config: unseal(key, 'channel', row.config),
    events: row.event_types,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

async function named<T>(name: string, written: Promise<T>): Promise<T> {
  try {
    return await written;
  } catch (thrown) {
    if (!isUniqueViolation(thrown)) throw thrown;
    throw new WrennError('conflict', `the team has a channel ${name} already`, { field: 'name' });
  }
}

function unknownChannel(id: ChannelId): WrennError {
  return new WrennError('not_found', `no channel ${id}`);
}

import {
  type ChannelId,
  type DeliveryId,
  type EventId,
  idFromUuid,
  newId,
  type TeamId,
  uuidFromId,
  WrennError,
} from '@wrenn/core';
import { type Selectable, sql } from 'kysely';
import type { Queryable } from '../db/database.ts';
import type { Schema } from '../db/schema.ts';
import type { Queues } from '../queues/queues.ts';
import type { Delivery } from './channel.ts';

/** Asks for a delivery of the event to each channel that wants it; done twice, it is done once. */
export async function fanOut(transaction: Queryable, queues: Queues, eventId: EventId): Promise<number> {
  const wanted = await transaction
    .selectFrom('events as event')
    .innerJoin('channels as channel', (join) =>
      join
        .onRef('channel.team_id', '=', 'event.team_id')
        .on(sql<boolean>`event.type = any(channel.event_types)`),
    )
    .where('event.id', '=', uuidFromId(eventId))
    .select('channel.id')
    .execute();
  for (const { id } of wanted) {
    await insertDelivery(transaction, queues, {
      channelId: idFromUuid('channel', id),
      eventId,
      repeats: undefined,
    });
  }
  return wanted.length;
}

interface NewDelivery {
  readonly channelId: ChannelId;
  readonly eventId: EventId;
  readonly repeats: DeliveryId | undefined;
}

async function insertDelivery(
  transaction: Queryable,
  queues: Queues,
  { channelId, eventId, repeats }: NewDelivery,
): Promise<DeliveryId> {
  const id = newId('delivery');
  const inserted = await transaction
    .insertInto('deliveries')
    .values({
      id: uuidFromId(id),
      channel_id: uuidFromId(channelId),
      event_id: uuidFromId(eventId),
      repeats: repeats === undefined ? null : uuidFromId(repeats),
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst();
  if (inserted !== undefined) await queues.send(transaction, 'delivery', { id });
  return id;
}

interface Place {
  readonly teamId: TeamId;
  readonly channelId: ChannelId;
}

/** Asks for the same event to be delivered once more, whatever became of it before. */
export async function redeliver(
  transaction: Queryable,
  queues: Queues,
  { teamId, channelId, id }: Place & { readonly id: DeliveryId },
): Promise<Delivery> {
  const row = await transaction
    .selectFrom('deliveries as delivery')
    .innerJoin('channels as channel', 'channel.id', 'delivery.channel_id')
    .where('delivery.id', '=', uuidFromId(id))
    .where('channel.id', '=', uuidFromId(channelId))
    .where('channel.team_id', '=', uuidFromId(teamId))
    .select('delivery.event_id')
    .executeTakeFirst();
  if (row === undefined) throw new WrennError('not_found', `no delivery ${id} of the channel`);
  const eventId = idFromUuid('event', row.event_id);
  const made = await insertDelivery(transaction, queues, { channelId, eventId, repeats: id });
  const [delivery] = await select(transaction, { teamId, channelId })
    .where('delivery.id', '=', uuidFromId(made))
    .execute();
  if (delivery === undefined) throw new WrennError('internal_error', 'a delivery that was made is not there');
  return fromRow(delivery);
}

/** The newest first; `before` is the last of the page before. */
export async function listDeliveries(
  database: Queryable,
  place: Place,
  page: { readonly limit: number; readonly before: DeliveryId | undefined },
): Promise<Delivery[]> {
  let query = select(database, place)
    .orderBy('delivery.created_at', 'desc')
    .orderBy('delivery.id', 'desc')
    .limit(page.limit);
  if (page.before !== undefined) {
    const last = uuidFromId(page.before);
    query = query.where(
      sql<boolean>`(delivery.created_at, delivery.id) < (select created_at, id from deliveries where id = ${last})`,
    );
  }
  return (await query.execute()).map(fromRow);
}

function select(database: Queryable, { teamId, channelId }: Place) {
  return database
    .selectFrom('deliveries as delivery')
    .innerJoin('events as event', 'event.id', 'delivery.event_id')
    .innerJoin('channels as channel', 'channel.id', 'delivery.channel_id')
    .where('channel.id', '=', uuidFromId(channelId))
    .where('channel.team_id', '=', uuidFromId(teamId))
    .selectAll('delivery')
    .select('event.type');
}

function fromRow(row: Selectable<Schema['deliveries']> & { readonly type: string }): Delivery {
  return {
    id: idFromUuid('delivery', row.id),
    event: row.type,
    status: row.status,
    attempts: row.attempts,
    responseStatus: row.response_status ?? undefined,
    fault: row.fault ?? undefined,
    createdAt: row.created_at,
    attemptedAt: row.attempted_at ?? undefined,
    finishedAt: row.finished_at ?? undefined,
    repeats: row.repeats === null ? undefined : idFromUuid('delivery', row.repeats),
  };
}

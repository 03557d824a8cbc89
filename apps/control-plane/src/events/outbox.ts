import { newId, uuidFromId } from '@wrenn/core';
import { sql } from 'kysely';
import { auditAction } from '../audit/actions.ts';
import type { Happening } from '../audit/happening.ts';
import type { Queryable } from '../db/database.ts';
import type { Queues } from '../queues/queues.ts';

/** Writes the event of what happened, if there is one and a channel of the team wants it, and asks for its delivery. */
export async function writeEvent(
  transaction: Queryable,
  queues: Queues,
  happening: Happening,
): Promise<void> {
  const { event, resource } = auditAction(happening.what);
  if (event === undefined) return;
  const id = newId('event');
  const { actor, resourceId, status = 'success', metadata = {} } = happening;
  const body = {
    event,
    timestamp: new Date().toISOString(),
    team_id: happening.teamId,
    actor:
      actor.type === 'system' ? { type: actor.type } : { type: actor.type, id: actor.id, name: actor.name },
    resource: { type: resource, ...(resourceId === undefined ? {} : { id: resourceId }) },
    outcome: status,
    details: metadata,
  };
  const teamId = uuidFromId(happening.teamId);
  const written = await transaction
    .insertInto('events')
    .columns(['id', 'team_id', 'type', 'body'])
    .expression((query) =>
      query
        .selectFrom('channels')
        .select([
          sql<string>`${uuidFromId(id)}::uuid`.as('id'),
          sql<string>`${teamId}::uuid`.as('team_id'),
          sql<string>`${event}::text`.as('type'),
          sql<string>`${JSON.stringify(body)}::jsonb`.as('body'),
        ])
        .where('team_id', '=', teamId)
        .where(sql<boolean>`${event} = any(event_types)`)
        .limit(1),
    )
    .returning('id')
    .executeTakeFirst();
  if (written !== undefined) await queues.send(transaction, 'event', { id });
}

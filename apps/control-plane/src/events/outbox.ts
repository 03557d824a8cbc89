import { type EventId, newId, uuidFromId } from '@wrenn/core';
import { type RawBuilder, sql } from 'kysely';
import { auditAction } from '../audit/actions.ts';
import type { Happening } from '../audit/happening.ts';

/** What channels are told. */
export interface WrittenEvent {
  readonly id: EventId;
  readonly type: string;
  /** As JSON. */
  readonly body: string;
}

/** What channels that want it are told of something that happened; undefined where they can be told nothing. */
export function eventOf(happening: Happening): WrittenEvent | undefined {
  const { event, resource } = auditAction(happening.what);
  if (event === undefined) return undefined;
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
  return { id: newId('event'), type: event, body: JSON.stringify(body) };
}

/** The statement that writes those that a channel of the team wants, and returns their IDs. */
export function insertWanted(teamId: string, events: readonly WrittenEvent[]): RawBuilder<{ id: string }> {
  const ids = events.map(({ id }) => uuidFromId(id));
  const types = events.map(({ type }) => type);
  const bodies = events.map(({ body }) => body);
  return sql<{ id: string }>`
    insert into events (id, team_id, type, body)
    select event.id, ${teamId}::uuid, event.type, event.body::jsonb
      from unnest(${ids}::uuid[], ${types}::text[], ${bodies}::text[]) as event (id, type, body)
     where exists (select from channels
                    where channels.team_id = ${teamId}::uuid and event.type = any (channels.event_types))
    returning id`;
}

import { type AuditEntryId, idFromUuid, type TeamId, uuidFromId } from '@wrenn/core';
import { type Selectable, sql } from 'kysely';
import type { Queryable } from '../db/database.ts';
import type { Schema } from '../db/schema.ts';
import { type AuditFilter, matching } from './filter.ts';

type Row = Pick<Selectable<Schema['audit_entries']>, (typeof shown)[number]>;

/** An entry as people see it. */
export interface AuditEntry
  extends Readonly<
    Pick<
      Row,
      | 'actor_type'
      | 'actor_id'
      | 'actor_name'
      | 'resource_type'
      | 'resource_id'
      | 'action'
      | 'scope'
      | 'status'
    >
  > {
  readonly id: AuditEntryId;
  readonly number: number;
  readonly createdAt: Date;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Names and addresses of people. */
  readonly personal: Readonly<Record<string, string>>;
}

const shown = [
  'id',
  'number',
  'actor_type',
  'actor_id',
  'actor_name',
  'resource_type',
  'resource_id',
  'action',
  'scope',
  'status',
  'metadata',
  'personal',
  'created_at',
] as const;

/** Where a page goes on: at the entry before this one, or before this time. */
export type Before = { readonly id: AuditEntryId } | { readonly time: Date } | undefined;

/**
 * The newest entries that are wanted, newest first. Numbers come in the order in which entries become visible, and have
 * no gaps: so what is before an entry stays the same whatever is written meanwhile.
 */
export async function newestEntries(
  database: Queryable,
  teamId: TeamId,
  filter: AuditFilter,
  { before, limit }: { readonly before: Before; readonly limit: number },
): Promise<AuditEntry[]> {
  const team = uuidFromId(teamId);
  let query = database
    .selectFrom('audit_entries')
    .select(shown)
    .where('team_id', '=', team)
    .where(matching(filter))
    .orderBy('number', 'desc')
    .limit(limit);
  if (before !== undefined) {
    query =
      'time' in before
        ? query.where('created_at', '<', before.time)
        : // Nothing is before one that was removed for its age: all that were are gone as well.
          query.where(
            sql<boolean>`number < (select number from audit_entries where id = ${uuidFromId(before.id)} and team_id = ${team})`,
          );
  }
  return (await query.execute()).map(fromRow);
}

/** Those of the entries with numbers above `after`, up to `last`, that are wanted, oldest first. */
export async function entriesBetween(
  database: Queryable,
  teamId: TeamId,
  filter: AuditFilter,
  { after, last }: { readonly after: number; readonly last: number },
): Promise<AuditEntry[]> {
  const rows = await database
    .selectFrom('audit_entries')
    .select(shown)
    .where('team_id', '=', uuidFromId(teamId))
    .where('number', '>', String(after))
    .where('number', '<=', String(last))
    .where(matching(filter))
    .orderBy('number')
    .execute();
  return rows.map(fromRow);
}

function fromRow({ id, number, created_at: createdAt, ...row }: Row): AuditEntry {
  return { ...row, id: idFromUuid('auditEntry', id), number: Number(number), createdAt };
}

import { type CapsuleState, capsuleStates, type TeamId, uuidFromId } from '@wrenn/core';
import { type Expression, type ExpressionBuilder, type SqlBool, sql } from 'kysely';
import type { Queryable } from '../db/database.ts';
import type { Schema } from '../db/schema.ts';
import { containing, idBegins } from '../db/search.ts';
import type { Capsule } from './capsule.ts';
import { cursorOf, isAfter, keyOfSort, type ListOrder, type Place } from './list-order.ts';
import { capsuleFrom } from './store.ts';

export interface CapsuleFilter {
  /** Looked for in IDs, names of templates, and metadata. */
  readonly text: string | undefined;
  readonly template: string | undefined;
}

export interface ListRequest extends CapsuleFilter, ListOrder {
  /** Undefined: those that are not over. */
  readonly states: readonly CapsuleState[] | undefined;
  readonly limit: number;
  readonly after: Place | undefined;
}

export interface CapsulePage {
  readonly capsules: readonly Capsule[];
  /** Undefined on the last page. */
  readonly next: string | undefined;
}

export const overStates: readonly CapsuleState[] = ['stopped', 'error'];

export async function listCapsules(
  database: Queryable,
  teamId: TeamId,
  request: ListRequest,
): Promise<CapsulePage> {
  const { states, limit, after, order } = request;
  const key = keyOfSort(request);
  let query = database
    .selectFrom('capsules')
    .selectAll()
    .select(key.written.as('sort_key'))
    .where('team_id', '=', uuidFromId(teamId))
    .where((where) => where.and(conditions(where, request)))
    .orderBy(key.of, order)
    .orderBy('id', order)
    .limit(limit + 1);
  query =
    states === undefined ? query.where('status', 'not in', overStates) : query.where('status', 'in', states);
  if (after !== undefined) query = query.where(isAfter(request, after));
  const rows = await query.execute();
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  return {
    capsules: rows.slice(0, limit).map(capsuleFrom),
    next: last && cursorOf(request, last.sort_key, last.id),
  };
}

export async function countCapsules(
  database: Queryable,
  teamId: TeamId,
  filter: CapsuleFilter,
): Promise<Readonly<Record<CapsuleState, number>>> {
  const rows = await database
    .selectFrom('capsules')
    .select(['status', sql<number>`count(*)::int`.as('count')])
    .where('team_id', '=', uuidFromId(teamId))
    .where((where) => where.and(conditions(where, filter)))
    .groupBy('status')
    .execute();
  const counts = Object.fromEntries(capsuleStates.map((state) => [state, 0])) as Record<CapsuleState, number>;
  for (const { status, count } of rows) counts[status] = count;
  return counts;
}

function conditions(
  where: ExpressionBuilder<Schema, 'capsules'>,
  { text, template }: CapsuleFilter,
): Expression<SqlBool>[] {
  const found: Expression<SqlBool>[] = [];
  if (template !== undefined) found.push(where('template', '=', template));
  if (text === undefined || text === '') return found;
  const part = containing(text);
  found.push(
    where.or([
      where('template', 'ilike', part),
      sql<SqlBool>`exists (select from jsonb_each_text(metadata) as entry where entry.value ilike ${part})`,
      idBegins('capsule', sql.ref('id'), text),
    ]),
  );
  return found;
}

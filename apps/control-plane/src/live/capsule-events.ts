import { sql } from 'kysely';
import { present } from '../capsules/present.ts';
import { capsuleFrom } from '../capsules/store.ts';
import type { Queryable } from '../db/database.ts';
import type { Change } from './change.ts';
import { changeEvent } from './wire.ts';

const atOnce = 500;
/** One that has more to say is fetched by whoever wants it. */
const mostBytes = 8 * 1024;
const over = new Set(['stopped', 'error']);

/** An event for each capsule, with the capsule as lists show it now: each row is read once. */
export async function capsuleEvents(
  database: Queryable,
  changes: readonly Change[],
): Promise<ReadonlyMap<Change, Buffer>> {
  const events = new Map<Change, Buffer>();
  for (let from = 0; from < changes.length; from += atOnce) {
    const part = changes.slice(from, from + atOnce);
    const rows = await database
      .selectFrom('capsules')
      .selectAll()
      .where('id', '=', sql<string>`any (${part.map(({ id }) => id)}::uuid[])`)
      .execute();
    const found = new Map(rows.map((row) => [row.id, row]));
    for (const change of part) {
      const row = found.get(change.id ?? '');
      if (row === undefined) continue;
      const capsule = present(capsuleFrom(row));
      const isSmall = JSON.stringify(capsule).length <= mostBytes;
      const action = over.has(row.status) ? 'removed' : change.action;
      events.set(change, changeEvent({ ...change, action }, isSmall ? { capsule } : {}));
    }
  }
  return events;
}

import type { Queryable } from '../../db/database.ts';

/** What the log says of a thing, in short: `sandbox.create`, how it ended, and by whom. */
export interface Told {
  readonly what: string;
  readonly status: string;
  readonly by: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** Of one thing, or of all things of a kind, oldest first. */
export async function entriesOf(
  database: Queryable,
  which: { readonly thing: string } | { readonly kind: string },
): Promise<Told[]> {
  const rows = await database
    .selectFrom('audit_entries')
    .selectAll()
    .where((where) =>
      'thing' in which ? where('resource_id', '=', which.thing) : where('resource_type', '=', which.kind),
    )
    .orderBy('team_id')
    .orderBy('number')
    .execute();
  return rows.map((row) => ({
    what: `${row.resource_type}.${row.action}`,
    status: row.status,
    by: row.actor_type === 'system' ? row.actor_name : row.actor_type,
    metadata: row.metadata,
  }));
}

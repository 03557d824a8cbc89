import { sql } from 'kysely';
import type { ServerContext } from '../server-context.ts';

const keptDays = 30;
const atOnce = 1_000;

/** Removes what channels were told long ago, with what came of telling them. */
export async function removeOldEvents(
  { database }: Pick<ServerContext, 'database'>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const { numDeletedRows } = await database
      .deleteFrom('events')
      .where('id', 'in', (query) =>
        query
          .selectFrom('events')
          .select('id')
          .where('created_at', '<', sql<Date>`now() - make_interval(days => ${sql.lit(keptDays)})`)
          .orderBy('created_at')
          .limit(atOnce),
      )
      .executeTakeFirst();
    if (numDeletedRows < BigInt(atOnce)) return;
  }
}

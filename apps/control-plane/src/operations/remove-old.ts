import { sql } from 'kysely';
import type { ServerContext } from '../server-context.ts';

const keptDays = 30;
const atOnce = 1_000;

export async function removeOldOperations(
  { database }: Pick<ServerContext, 'database'>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const { numDeletedRows } = await database
      .deleteFrom('capsule_operations')
      .where('id', 'in', (query) =>
        query
          .selectFrom('capsule_operations')
          .select('id')
          .where('finished_at', '<', sql<Date>`now() - make_interval(days => ${sql.lit(keptDays)})`)
          .orderBy('finished_at')
          .limit(atOnce),
      )
      .executeTakeFirst();
    if (numDeletedRows < BigInt(atOnce)) return;
  }
}

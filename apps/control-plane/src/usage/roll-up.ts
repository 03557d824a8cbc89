import { sql } from 'kysely';
import type { Database } from '../db/database.ts';
import type { ServerContext } from '../server-context.ts';
import { usedOn } from './ledger.ts';

/** Of what ended; longer than anybody can ask for. */
const keptDays = 93;
const atOnce = 1_000;

/**
 * Writes down what teams used on each day that is over and not written down yet, however many they are, and then removes
 * what nothing is computed of any more.
 */
export async function rollUpUsage(
  { database }: Pick<ServerContext, 'database'>,
  signal: AbortSignal,
): Promise<void> {
  let isLeft = true;
  while (isLeft && !signal.aborted) isLeft = await rollUpDay(database);
  await removeOld(database, signal);
}

/** False where the next day is not over, or not all of it can be seen. */
async function rollUpDay(database: Database): Promise<boolean> {
  return await database.transaction().execute(async (transaction) => {
    // The lock lets one replica at a time do it; the next one finds the day done. What happened on the day was written
    // by transactions that began on it, so it is whole when all that are still at work began later. A transaction is
    // seen there a moment after its beginning, hence the minute.
    const { rows } = await sql<{ day: string }>`
      select progress.next_day::text as day
        from usage_progress progress
       where (progress.next_day + 1)::timestamp at time zone 'UTC' <= least(
               now() - interval '1 minute',
               (select min(xact_start) from pg_stat_activity
                 where datname = current_database() and backend_type = 'client backend'))
         for update`.execute(transaction);
    const [next] = rows;
    if (next === undefined) return false;
    await sql`
      insert into daily_usage (team_id, date, cpu_seconds, ram_mb_seconds)
      ${usedOn(sql`select ${next.day}::timestamp as starts`, sql`true`)}
      on conflict (team_id, date) do update
        set cpu_seconds = excluded.cpu_seconds, ram_mb_seconds = excluded.ram_mb_seconds`.execute(
      transaction,
    );
    await sql`update usage_progress set next_day = ${next.day}::date + 1`.execute(transaction);
    return true;
  });
}

/** Only what is rolled up: the days that are kept are counted back from the first that is not. */
async function removeOld(database: Database, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { numAffectedRows = 0n } = await sql`
      delete from reservations where id in (
        select reservation.id from reservations reservation
         where reservation.until < (
                 select (progress.next_day - ${sql.lit(keptDays)})::timestamp at time zone 'UTC'
                   from usage_progress progress)
         order by reservation.until
         limit ${sql.lit(atOnce)})`.execute(database);
    if (numAffectedRows < BigInt(atOnce)) return;
  }
}

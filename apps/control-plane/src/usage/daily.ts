import { type TeamId, uuidFromId } from '@wrenn/core';
import { sql } from 'kysely';
import type { Queryable } from '../db/database.ts';
import type { Days } from './days.ts';
import { usedOn } from './ledger.ts';

/** What a team used on a day, as decimals: seconds are exact, minutes are rounded. */
export interface DayOfUse {
  readonly date: string;
  readonly cpuSeconds: string;
  readonly ramMbSeconds: string;
  readonly cpuMinutes: string;
  readonly ramMbMinutes: string;
}

/** Of minutes; a millionth of one is 60 microseconds. */
const decimals = 6;

/**
 * What a team used on those of these days on which it used anything. Days that are not rolled up yet, as today, are
 * computed; one query sees both alike, so that no day is missed or counted twice while the roll-up is at work.
 */
export async function usageOn(database: Queryable, teamId: TeamId, { from, to }: Days): Promise<DayOfUse[]> {
  const team = uuidFromId(teamId);
  const open = sql`
    select generate_series(greatest(${from}::date, progress.next_day)::timestamp,
                           least(${to}::date, (now() at time zone 'UTC')::date)::timestamp,
                           interval '1 day') as starts
      from usage_progress progress`;
  const { rows } = await sql<DayOfUse>`
    with used as (
      select daily.date, daily.cpu_seconds, daily.ram_mb_seconds
        from daily_usage daily join usage_progress progress on daily.date < progress.next_day
       where daily.team_id = ${team} and daily.date between ${from}::date and ${to}::date
      union all
      select live.date, live.cpu_seconds, live.ram_mb_seconds
        from (${usedOn(open, sql`reservation.team_id = ${team}`)}) as live
    )
    select date::text,
           trim_scale(cpu_seconds)::text as "cpuSeconds",
           trim_scale(ram_mb_seconds)::text as "ramMbSeconds",
           trim_scale(round(cpu_seconds / 60, ${sql.lit(decimals)}))::text as "cpuMinutes",
           trim_scale(round(ram_mb_seconds / 60, ${sql.lit(decimals)}))::text as "ramMbMinutes"
      from used
     order by used.date`.execute(database);
  return rows;
}

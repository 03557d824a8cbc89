import { sql } from 'kysely';
import type { ServerContext } from '../../apps/control-plane/src/server-context.ts';

const weeks = 6;

/**
 * A past of six weeks for each team, so that charts have something to show: working hours of capsules that never were, one
 * size for each hour, and fewer of them at weekends. Where there is a past, nothing is made up.
 */
export async function seedUsage({ database }: Pick<ServerContext, 'database'>): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    const { rows } = await sql`
      with past as (
        select midnight at time zone 'UTC' as begins, extract(isodow from midnight) > 5 as is_weekend,
               extract(day from midnight)::integer as number
          from generate_series(
                 (now() at time zone 'UTC')::date - ${sql.lit(weeks * 7)} * interval '1 day',
                 (now() at time zone 'UTC')::date - interval '1 day',
                 interval '1 day') as midnight
         where not exists (select from reservations where since < now() - interval '1 day')
      )
      insert into reservations (capsule_id, team_id, vcpus, memory_mb, is_running, since, until)
      select gen_random_uuid(), team.id, 1 + hour % 4, 512 * (1 + hour % 4), true, begin.at,
             begin.at + interval '45 minutes'
        from past
       cross join teams team
       cross join generate_series(8, 17) as hour
       cross join generate_series(1, case when past.is_weekend then 1 else 1 + (hour + past.number) % 5 end) as nth
       cross join lateral (select past.begins + make_interval(hours => hour, mins => 3 * nth) as at) as begin
       where team.slug <> 'platform'
      returning since`.execute(transaction);
    if (rows.length === 0) return;
    // The next roll-up finds them as though it had been away for so long.
    await sql`
      update usage_progress
         set next_day = least(next_day, (now() at time zone 'UTC')::date - ${sql.lit(weeks * 7)})`.execute(
      transaction,
    );
  });
}

import { type RawBuilder, sql } from 'kysely';

/**
 * What was reserved on each of some days, by team: a query with `team_id`, `date`, `cpu_seconds` and `ram_mb_seconds`.
 * What goes on over midnight counts on both days, for what of it is in each; today counts up to now.
 *
 * `days` is a query of the midnights that they begin at, without a time zone, as `starts`.
 */
export function usedOn(days: RawBuilder<unknown>, which: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`
    select reservation.team_id, day.date,
           sum(reservation.vcpus * share.seconds) as cpu_seconds,
           sum(reservation.memory_mb * share.seconds) as ram_mb_seconds
      from (
        select starts::date as date, starts at time zone 'UTC' as begins,
               (starts + interval '1 day') at time zone 'UTC' as ends
          from (${days}) as midnight
      ) as day
      join reservations reservation
        on reservation.since < day.ends and (reservation.until is null or reservation.until > day.begins)
     cross join lateral (
        select extract(epoch from
                 -- Of null, while it holds, least takes no notice.
                 least(reservation.until, day.ends, now()) - greatest(reservation.since, day.begins)) as seconds
      ) as share
     where share.seconds > 0 and ${which}
     group by reservation.team_id, day.date`;
}

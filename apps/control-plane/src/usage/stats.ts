import { type TeamId, uuidFromId, WrennError } from '@wrenn/core';
import { type RawBuilder, sql } from 'kysely';
import type { Queryable } from '../db/database.ts';

/** How far a range goes back, and how much of it is one point. */
export const ranges = {
  '5m': { seconds: 300, bucketSec: 3 },
  '1h': { seconds: 3_600, bucketSec: 30 },
  '6h': { seconds: 21_600, bucketSec: 180 },
  '24h': { seconds: 86_400, bucketSec: 720 },
  '30d': { seconds: 2_592_000, bucketSec: 21_600 },
} as const;
export type Range = keyof typeof ranges;

const peakDays = 30;

/** What capsules hold together at one moment. */
export interface Level {
  readonly running: number;
  readonly vcpus: number;
  readonly memoryMb: number;
}

export interface Stats {
  readonly current: Level;
  /** Each the largest by itself, of the last 30 days. */
  readonly peaks: Level;
  /** The largest of each part of the range, oldest first; the last part is not over yet. */
  readonly series: readonly (Level & { readonly at: Date })[];
}

/**
 * What a team reserves, and has reserved, exactly: all beginnings and ends in the order of time, and their sums. Each
 * part of the range has a moment at its beginning at which nothing changes, which carries over what was held by then.
 */
export async function statsOf(database: Queryable, teamId: TeamId, range: Range): Promise<Stats> {
  const { seconds, bucketSec } = ranges[range];
  const bucket = sql`make_interval(secs => ${sql.lit(bucketSec)})`;
  const beginOf = (at: RawBuilder<unknown>) =>
    sql`date_bin(${bucket}, ${at}, timestamptz '1970-01-01 00:00:00Z')`;
  const begins = sql`(${beginOf(sql`now()`)} - ${bucket} * ${sql.lit(seconds / bucketSec - 1)})`;
  const earliest = sql`(now() - make_interval(days => ${sql.lit(peakDays)}))`;
  const { rows } = await sql<Row>`
    with held as not materialized (
      select since, until, is_running::integer as running, vcpus, memory_mb
        from reservations
       where team_id = ${uuidFromId(teamId)} and since <= now()
    ),
    change as (
      select edge.*
        from held
       cross join lateral (values
          (greatest(since, ${earliest}), running, vcpus, memory_mb),
          (until, -running, -vcpus, -memory_mb)
        ) as edge (at, running, vcpus, memory_mb)
       where (until is null or until > ${earliest}) and edge.at <= now()
      union all
      select generate_series(${begins}, now(), ${bucket}), 0, 0, 0
    ),
    -- What changes at the same moment is one change.
    level as (
      select at,
             sum(running) over in_time as running,
             sum(vcpus) over in_time as vcpus,
             sum(memory_mb) over in_time as memory_mb
        from change
      window in_time as (order by at range unbounded preceding)
    ),
    -- The time before the range is one without a beginning.
    point as (
      select extract(epoch from case when at >= ${begins} then ${beginOf(sql`at`)} end) as at,
             max(running) as running, max(vcpus) as vcpus, max(memory_mb) as "memoryMb"
        from level
       group by 1
    )
    select (select json_agg(point order by at) from point where at is not null) as series,
           (select row_to_json(largest) from (
              select max(running) as running, max(vcpus) as vcpus, max("memoryMb") as "memoryMb" from point
            ) as largest) as peaks,
           (select row_to_json(held_now) from (
              select coalesce(sum(running), 0) as running, coalesce(sum(vcpus), 0) as vcpus,
                     coalesce(sum(memory_mb), 0) as "memoryMb"
                from held where until is null or until > now()
            ) as held_now) as current`.execute(database);
  const [row] = rows;
  if (row === undefined) throw new WrennError('internal_error', 'the database gave no statistics');
  const series = row.series.map(({ at, ...level }) => ({ at: new Date(at * 1000), ...level }));
  return { current: row.current, peaks: row.peaks, series };
}

interface Row {
  readonly current: Level;
  readonly peaks: Level;
  readonly series: readonly (Level & { readonly at: number })[];
}

import { type TeamId, uuidFromId, WrennError } from '@wrenn/core';
import { sql } from 'kysely';
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
  const origin = sql`timestamptz '1970-01-01 00:00:00Z'`;
  const { rows } = await sql<Row>`
    with clock as (
      select now() as instant,
             now() - make_interval(days => ${sql.lit(peakDays)}) as earliest,
             date_bin(${bucket}, now(), ${origin}) - ${bucket} * ${sql.lit(seconds / bucketSec - 1)} as begins
    ),
    held as (
      select greatest(since, earliest) as since, until, is_running::integer as running, vcpus, memory_mb
        from reservations cross join clock
       where team_id = ${uuidFromId(teamId)} and since <= instant and (until is null or until > earliest)
    ),
    change as (
      select since as at, running, vcpus, memory_mb from held
      union all
      select until, -running, -vcpus, -memory_mb from held cross join clock where until <= instant
      union all
      select generate_series(begins, instant, ${bucket}), 0, 0, 0 from clock
    ),
    level as (
      select at,
             sum(sum(running)) over in_time as running,
             sum(sum(vcpus)) over in_time as vcpus,
             sum(sum(memory_mb)) over in_time as memory_mb
        from change
       group by at
      window in_time as (order by at)
    ),
    point as (
      select extract(epoch from date_bin(${bucket}, at, ${origin})) as at,
             max(running) as running, max(vcpus) as vcpus, max(memory_mb) as "memoryMb"
        from level cross join clock
       where at >= begins
       group by 1
    )
    select (select row_to_json(now_held) from (
              select running, vcpus, memory_mb as "memoryMb" from level order by at desc limit 1
            ) as now_held) as current,
           (select row_to_json(largest) from (
              select max(running) as running, max(vcpus) as vcpus, max(memory_mb) as "memoryMb" from level
            ) as largest) as peaks,
           (select json_agg(point order by at) from point) as series`.execute(database);
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

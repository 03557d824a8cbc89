import { newId, type TeamId, uuidFromId } from '@wrenn/core';
import { sql } from 'kysely';
import type { Queryable } from '../../db/database.ts';

/** What a capsule held for a time. */
export interface Held {
  /** Microseconds after the first midnight. */
  readonly sinceUs: number;
  /** Undefined while it holds. */
  readonly lengthUs: number | undefined;
  readonly vcpus: number;
  readonly memoryMb: number;
  readonly isRunning?: boolean;
}

export const secondUs = 1_000_000;
export const minuteUs = 60 * secondUs;
export const hourUs = 60 * minuteUs;
export const dayUs = 24 * hourUs;

/** The day that is so many days ago, in UTC, as the database has it. */
export async function daysAgo(database: Queryable, days: number): Promise<string> {
  const { rows } = await sql<{ day: string }>`
    select ((now() at time zone 'UTC')::date - ${days}::integer)::text as day`.execute(database);
  return rows[0]?.day ?? '';
}

/** Writes into the ledger what a team's capsules held, from the midnight on with which a day began. */
export async function hold(
  database: Queryable,
  teamId: TeamId,
  day: string,
  ...held: readonly Held[]
): Promise<void> {
  for (const { sinceUs, lengthUs, vcpus, memoryMb, isRunning = vcpus > 0 } of held) {
    const midnight = sql`${day}::timestamp at time zone 'UTC'`;
    const after = (us: number) => sql<Date>`${midnight} + ${us}::double precision * interval '1 microsecond'`;
    await database
      .insertInto('reservations')
      .values({
        capsule_id: uuidFromId(newId('capsule')),
        team_id: uuidFromId(teamId),
        vcpus,
        memory_mb: memoryMb,
        is_running: isRunning,
        since: after(sinceUs),
        until: lengthUs === undefined ? null : after(sinceUs + lengthUs),
      })
      .execute();
  }
}

/** As though no day from this one on had been rolled up. */
export async function forgetRollUps(database: Queryable, day: string): Promise<void> {
  await sql`delete from daily_usage where date >= ${day}::date`.execute(database);
  await sql`update usage_progress set next_day = ${day}::date`.execute(database);
}

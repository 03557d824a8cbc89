import type { ServerContext } from '../../apps/control-plane/src/server-context.ts';

const days = 42;
const dayMs = 86_400_000;
const minuteMs = 60_000;
const workingHours = [8, 9, 10, 11, 12, 13, 14, 15, 16, 17];

/**
 * A past of six weeks for each team, so that charts have something to show: working hours of capsules that never were, one
 * size for each hour, and fewer of them at weekends. Where there is a past, nothing is made up.
 */
export async function seedUsage({ database }: Pick<ServerContext, 'database'>): Promise<void> {
  const midnight = Math.floor(Date.now() / dayMs) * dayMs;
  await database.transaction().execute(async (transaction) => {
    const past = await transaction
      .selectFrom('reservations')
      .select('id')
      .where('since', '<', new Date(midnight - dayMs))
      .limit(1)
      .execute();
    if (past.length > 0) return;
    const teams = await transaction
      .selectFrom('teams')
      .select('id')
      .where('slug', '!=', 'platform')
      .execute();
    const begins = Array.from({ length: days }, (_, index) => midnight - (days - index) * dayMs);
    for (const { id } of teams) {
      const rows = begins.flatMap(capsulesOf).map((held) => ({ ...held, team_id: id }));
      await transaction.insertInto('reservations').values(rows).execute();
    }
    // The next roll-up finds them as though it had been away for so long.
    const first = new Date(midnight - days * dayMs).toISOString().slice(0, 10);
    await transaction.updateTable('usage_progress').set({ next_day: first }).execute();
  });
}

/** What a team's capsules held on the day that begins then. */
function capsulesOf(day: number) {
  const date = new Date(day);
  const isWeekend = date.getUTCDay() % 6 === 0;
  return workingHours.flatMap((hour) =>
    Array.from({ length: isWeekend ? 1 : 1 + ((hour + date.getUTCDate()) % 5) }, (_, nth) => {
      const since = day + (60 * hour + 3 * nth) * minuteMs;
      return {
        capsule_id: crypto.randomUUID(),
        vcpus: 1 + (hour % 4),
        memory_mb: 512 * (1 + (hour % 4)),
        is_running: true,
        since: new Date(since),
        until: new Date(since + 45 * minuteMs),
      };
    }),
  );
}

import type { Database } from '../../db/database.ts';

/** What is in the audit log of a team, given as its UUID, when `work` is done, and was not there before. */
export async function newEntries(database: Database, team: string, work: () => Promise<unknown>) {
  const entries = async () =>
    await database
      .selectFrom('audit_entries')
      .select(['resource_type', 'action', 'scope', 'resource_id', 'actor_id'])
      .where('team_id', '=', team)
      .orderBy('number')
      .execute();
  const before = (await entries()).length;
  await work();
  return (await entries()).slice(before).map((entry) => ({
    what: `${entry.resource_type} ${entry.action}`,
    scope: entry.scope,
    on: entry.resource_id,
    by: entry.actor_id,
  }));
}

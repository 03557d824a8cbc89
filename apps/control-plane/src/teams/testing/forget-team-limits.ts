import { sql } from 'kysely';
import { openDatabase } from '../../db/database.ts';

/** Tests make more teams in an hour than one person may, and add the same one to more of them. */
export async function forgetTeamLimits(databaseUrl: string): Promise<void> {
  const database = openDatabase(databaseUrl, () => undefined);
  try {
    await sql`delete from rate_limits where key like 'teams-user:%' or key like 'invite-%'`.execute(database);
  } finally {
    await database.destroy();
  }
}

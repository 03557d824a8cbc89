import { sql } from 'kysely';
import { openDatabase } from '../../db/database.ts';

/** Tests make more teams in an hour than one person may. */
export async function forgetTeamsMade(databaseUrl: string): Promise<void> {
  const database = openDatabase(databaseUrl, () => undefined);
  try {
    await sql`delete from rate_limits where key like 'teams-user:%'`.execute(database);
  } finally {
    await database.destroy();
  }
}

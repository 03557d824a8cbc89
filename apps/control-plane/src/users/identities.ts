import { type UserId, uuidFromId } from '@wrenn/core';
import type { Queryable } from '../db/database.ts';

/** The providers whose accounts the user can sign in with. */
export async function linkedProviders(database: Queryable, userId: UserId): Promise<string[]> {
  const rows = await database
    .selectFrom('identities')
    .select('provider')
    .where('user_id', '=', uuidFromId(userId))
    .orderBy('provider')
    .execute();
  return rows.map(({ provider }) => provider);
}

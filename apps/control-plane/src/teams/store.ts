import { idFromUuid, newId, type TeamId, uuidFromId } from '@wrenn/core';
import type { Queryable } from '../db/database.ts';

const defaultSlug = 'default';

/** The team that a new installation begins with. */
export async function ensureDefaultTeam(database: Queryable): Promise<TeamId> {
  await database
    .insertInto('teams')
    .values({ id: uuidFromId(newId('team')), name: 'Default', slug: defaultSlug })
    .onConflict((conflict) => conflict.column('slug').doNothing())
    .execute();
  const row = await database
    .selectFrom('teams')
    .select('id')
    .where('slug', '=', defaultSlug)
    .executeTakeFirstOrThrow();
  return idFromUuid('team', row.id);
}

import type { UserId } from '@wrenn/core';
import { sql } from 'kysely';
import type { Queryable } from '../db/database.ts';

/** What stands where the name of somebody stood who is forgotten. */
export const forgottenName = 'deleted-user';

/**
 * Removes a person from all entries, those that they made and those that are about them. The salt goes too, so the digest
 * that stays in the chain tells nothing of what it was made from.
 */
export async function forgetActor(
  transaction: Queryable,
  { id, email }: { readonly id: UserId; readonly email: string },
): Promise<void> {
  await transaction
    .updateTable('audit_entries')
    .set({ actor_id: null, actor_name: forgottenName, personal: '{}', personal_salt: null })
    .where((where) =>
      where.or([
        where('actor_id', '=', id),
        where('resource_id', '=', id),
        sql<boolean>`personal ->> 'email' = ${email}`,
      ]),
    )
    .execute();
}

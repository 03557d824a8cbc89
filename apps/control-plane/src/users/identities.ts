import { idFromUuid, type UserId, uuidFromId } from '@wrenn/core';
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

/** Whose account is signed in to with this one of a provider. */
export async function findIdentity(
  database: Queryable,
  provider: string,
  subject: string,
): Promise<UserId | undefined> {
  const row = await database
    .selectFrom('identities')
    .select('user_id')
    .where('provider', '=', provider)
    .where('subject', '=', subject)
    .executeTakeFirst();
  return row && idFromUuid('user', row.user_id);
}

export interface Identity {
  readonly provider: string;
  readonly subject: string;
  readonly userId: UserId;
  /** As the provider said it at that time; for people to tell accounts apart. */
  readonly email: string;
}

/** False where that account is somebody's already, or the user has one of that provider already. */
export async function insertIdentity(transaction: Queryable, identity: Identity): Promise<boolean> {
  const row = await transaction
    .insertInto('identities')
    .values({
      provider: identity.provider,
      subject: identity.subject,
      user_id: uuidFromId(identity.userId),
      email: identity.email,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('subject')
    .executeTakeFirst();
  return row !== undefined;
}

/** False where there was none. */
export async function deleteIdentity(
  transaction: Queryable,
  userId: UserId,
  provider: string,
): Promise<boolean> {
  const { numDeletedRows } = await transaction
    .deleteFrom('identities')
    .where('user_id', '=', uuidFromId(userId))
    .where('provider', '=', provider)
    .executeTakeFirst();
  return numDeletedRows > 0n;
}

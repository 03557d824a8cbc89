import { type UserId, uuidFromId, WrennError } from '@wrenn/core';
import { sql } from 'kysely';
import { actorOf, type UserPrincipal } from '../access/principal.ts';
import type { ServerContext } from '../server-context.ts';
import { lockAdministrators, refuseOneself } from './administrators.ts';
import { onPlatform } from './platform.ts';

/** Makes somebody an administrator, or makes them one no more; it counts from their next request on. */
export async function setAdmin(
  { database, recorder }: ServerContext,
  caller: UserPrincipal,
  userId: UserId,
  wanted: 'administrator' | 'none',
): Promise<void> {
  refuseOneself(caller, userId);
  await database.transaction().execute(async (transaction) => {
    await lockAdministrators(transaction, caller);
    const row = await transaction
      .selectFrom('users')
      .select(['email', 'status', 'is_admin'])
      .where('id', '=', uuidFromId(userId))
      .forNoKeyUpdate()
      .executeTakeFirst();
    if (row === undefined) throw new WrennError('not_found', `no user ${userId}`);
    const isWanted = wanted === 'administrator';
    if (row.is_admin === isWanted) return;
    if (isWanted && row.status !== 'active') {
      throw new WrennError('invalid_state', `the account is ${row.status}`, {
        remedy: 'an administrator has an account that is active',
      });
    }
    await transaction
      .updateTable('users')
      .set({ is_admin: isWanted, updated_at: sql`now()` })
      .where('id', '=', uuidFromId(userId))
      .execute();
    await recorder.record(
      transaction,
      onPlatform(actorOf(caller), {
        what: isWanted ? 'user.grant_admin' : 'user.revoke_admin',
        resourceId: userId,
        personal: { email: row.email },
      }),
    );
  });
}

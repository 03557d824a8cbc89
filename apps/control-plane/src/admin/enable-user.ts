import { type UserId, uuidFromId, WrennError } from '@wrenn/core';
import { sql } from 'kysely';
import { actorOf, type UserPrincipal } from '../access/principal.ts';
import type { Queryable } from '../db/database.ts';
import type { ServerContext } from '../server-context.ts';
import { graceDays } from '../users/delete-account.ts';
import { lockAdministrators } from './administrators.ts';
import { onPlatform } from './platform.ts';

/**
 * Lets somebody in again, or for the first time. One whose account is deleted gets it back within the time of grace, if
 * nobody else has its address by now; the teams and the password that it had are gone.
 */
export async function enableUser(
  { database, recorder }: ServerContext,
  caller: UserPrincipal,
  userId: UserId,
): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    await lockAdministrators(transaction, caller);
    const row = await transaction
      .selectFrom('users')
      .select([
        'email',
        'status',
        sql<boolean>`coalesce(deleted_at < now() - make_interval(days => ${sql.lit(graceDays)}), false)`.as(
          'is_gone',
        ),
      ])
      .where('id', '=', uuidFromId(userId))
      .forNoKeyUpdate()
      .executeTakeFirst();
    if (row === undefined || row.is_gone) throw new WrennError('not_found', `no user ${userId}`);
    if (row.status === 'active') return;
    if (row.status === 'deleted') await refuseTaken(transaction, row.email);
    await transaction
      .updateTable('users')
      .set({ status: 'active', deleted_at: null, updated_at: sql`now()` })
      .where('id', '=', uuidFromId(userId))
      .execute();
    const metadata = { was: row.status };
    const personal = { email: row.email };
    const what = { what: 'user.activate', resourceId: userId, metadata, personal } as const;
    await recorder.record(transaction, onPlatform(actorOf(caller), what));
  });
}

async function refuseTaken(transaction: Queryable, email: string): Promise<void> {
  const other = await transaction
    .selectFrom('users')
    .select('id')
    .where('email', '=', email)
    .where('status', '!=', 'deleted')
    .executeTakeFirst();
  if (other === undefined) return;
  throw new WrennError('conflict', 'another account has the address by now', {
    remedy: 'only one of the two can be active',
  });
}

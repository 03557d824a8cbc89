import { idFromUuid, type UserId, WrennError } from '@wrenn/core';
import type { UserPrincipal } from '../access/principal.ts';
import type { Queryable } from '../db/database.ts';

/**
 * All who administrate the platform at this moment, and nobody changes that until the transaction is over. Throws where
 * the caller is none of them any more: of two who remove each other one is too late, so that one is left.
 */
export async function lockAdministrators(
  transaction: Queryable,
  caller: UserPrincipal,
): Promise<ReadonlySet<UserId>> {
  const rows = await transaction
    .selectFrom('users')
    .select('id')
    .where('is_admin', '=', true)
    .where('status', '=', 'active')
    .orderBy('id')
    .forNoKeyUpdate()
    .execute();
  const administrators = new Set(rows.map(({ id }) => idFromUuid('user', id)));
  if (!administrators.has(caller.userId)) {
    throw new WrennError('forbidden', 'this is for administrators of the platform');
  }
  return administrators;
}

/** Whoever could lock themselves out would leave the platform without anybody. */
export function refuseOneself(caller: UserPrincipal, userId: UserId): void {
  if (caller.userId !== userId) return;
  throw new WrennError('invalid_request', 'administrators do not do this to themselves', {
    field: 'id',
    remedy: 'ask another administrator',
  });
}

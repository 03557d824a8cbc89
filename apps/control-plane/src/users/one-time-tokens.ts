import { createHash, randomBytes } from 'node:crypto';
import { idFromUuid, type UserId, uuidFromId, WrennError } from '@wrenn/core';
import { sql } from 'kysely';
import type { Queryable } from '../db/database.ts';

export type TokenPurpose = 'activation' | 'password_reset';

/** How long a link in a mail is good. */
export const tokenMinutes: Readonly<Record<TokenPurpose, number>> = { activation: 30, password_reset: 15 };

const pattern = /^[0-9a-f]{32}$/;

/** A token for one mail. Those that the user was sent before for the same purpose are void. */
export async function issueToken(
  transaction: Queryable,
  purpose: TokenPurpose,
  userId: UserId,
): Promise<string> {
  const token = randomBytes(16).toString('hex');
  await voidTokens(transaction, userId, [purpose]);
  await transaction
    .insertInto('one_time_tokens')
    .values({
      hash: hashOf(token),
      purpose,
      user_id: uuidFromId(userId),
      expires_at: sql<Date>`now() + make_interval(mins => ${sql.lit(tokenMinutes[purpose])})`,
    })
    .execute();
  return token;
}

/** Whose token it is. With the end of the transaction it is used up. Throws `invalid_token` for one that is none. */
export async function redeemToken(
  transaction: Queryable,
  purpose: TokenPurpose,
  token: string,
): Promise<UserId> {
  const row = pattern.test(token)
    ? await transaction
        .deleteFrom('one_time_tokens')
        .where('hash', '=', hashOf(token))
        .where('purpose', '=', purpose)
        .where('expires_at', '>', sql<Date>`now()`)
        .returning('user_id')
        .executeTakeFirst()
    : undefined;
  if (row === undefined) throw invalidToken();
  return idFromUuid('user', row.user_id);
}

export async function voidTokens(
  transaction: Queryable,
  userId: UserId,
  purposes: readonly TokenPurpose[],
): Promise<void> {
  await transaction
    .deleteFrom('one_time_tokens')
    .where('user_id', '=', uuidFromId(userId))
    .where('purpose', 'in', [...purposes])
    .execute();
}

export function invalidToken(): WrennError {
  return new WrennError(
    'invalid_token',
    'the link is not valid: it was used, it is too old, or it is incomplete',
    {
      field: 'token',
      remedy: 'ask for a new one',
    },
  );
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

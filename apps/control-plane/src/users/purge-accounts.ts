import { idFromUuid } from '@wrenn/core';
import { sql } from 'kysely';
import { platformPart } from '../access/principal.ts';
import { forgetActor } from '../audit/forget-actor.ts';
import { platformTeam } from '../audit/happening.ts';
import type { ServerContext } from '../server-context.ts';
import { graceDays } from './delete-account.ts';
import { accountPurgedMail } from './mails.ts';

/** So many sign-ups that nobody confirmed are kept for so long. */
const unconfirmedDays = 7;
/** One that ended stays for so long, for whoever looks after it. */
const endedDays = 7;

/** Removes accounts whose time of grace is over, and rows that mean nothing any more. */
export async function purgeAccounts(context: ServerContext, signal: AbortSignal): Promise<void> {
  await purgeDeleted(context, signal);
  await purgeLeftovers(context);
}

/** Each goes whole, or stays whole for the next time. */
async function purgeDeleted(
  { database, recorder, mailer }: ServerContext,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const isDone = await database.transaction().execute(async (transaction) => {
      const row = await transaction
        .selectFrom('users')
        .select(['id', 'email', 'name'])
        .where('status', '=', 'deleted')
        .where('deleted_at', '<', sql<Date>`now() - make_interval(days => ${sql.lit(graceDays)})`)
        .orderBy('deleted_at')
        .limit(1)
        .forUpdate()
        .skipLocked()
        .executeTakeFirst();
      if (row === undefined) return true;
      const id = idFromUuid('user', row.id);
      await forgetActor(transaction, { id, email: row.email });
      await transaction.deleteFrom('users').where('id', '=', row.id).execute();
      await mailer.send(transaction, accountPurgedMail(row));
      const actor = platformPart('account clean-up');
      await recorder.record(transaction, { teamId: platformTeam, actor, what: 'user.purge' });
      return false;
    });
    if (isDone) return;
  }
}

async function purgeLeftovers({ database }: ServerContext): Promise<void> {
  await database.deleteFrom('one_time_tokens').where('expires_at', '<', sql<Date>`now()`).execute();
  await database
    .deleteFrom('sessions')
    .where((where) => {
      const before = sql<Date>`now() - make_interval(days => ${sql.lit(endedDays)})`;
      return where.or([where('expires_at', '<', before), where('revoked_at', '<', before)]);
    })
    .execute();
  await database
    .deleteFrom('users')
    .where('status', '=', 'inactive')
    .where('updated_at', '<', sql<Date>`now() - make_interval(days => ${sql.lit(unconfirmedDays)})`)
    .execute();
  await sql`delete from rate_limits where expire < ${Date.now()}`.execute(database);
}

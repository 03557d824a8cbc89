import { describeError } from '@wrenn/core';
import { platformTeam } from '../audit/happening.ts';
import type { Origin } from '../http/origin.ts';
import { mayMail } from '../limits/mail-limit.ts';
import { networkOf } from '../limits/network.ts';
import { countingTokens } from '../limits/token-limit.ts';
import type { ServerContext } from '../server-context.ts';
import { revokeSessions } from './login-sessions.ts';
import { passwordMail, resetMail } from './mails.ts';
import { invalidToken, issueToken, redeemToken } from './one-time-tokens.ts';
import { userActor } from './open-session.ts';
import { hashPassword } from './password.ts';
import { lockUser, lockUserByEmail, updateUser } from './store.ts';

/** Mails a link to the account of this address, if there is one. Returns before that is known. */
export async function requestReset(context: ServerContext, email: string, origin: Origin): Promise<void> {
  const { limits, operations, log } = context;
  await limits.take('mail-address', networkOf(origin.address));
  operations
    .run(() => sendLink(context, email))
    .catch((thrown: unknown) =>
      log.error({ cause: describeError(thrown) }, 'a link to reset a password was not sent'),
    );
}

async function sendLink(context: ServerContext, email: string): Promise<void> {
  if (!(await mayMail(context, email))) return;
  await context.database.transaction().execute(async (transaction) => {
    const user = await lockUserByEmail(transaction, email);
    if (user?.status !== 'active') return;
    const token = await issueToken(transaction, 'password_reset', user.id);
    await context.mailer.send(transaction, resetMail(context.config, user, token));
  });
}

/** Gives the account of the token a new password, and ends all of its sessions. */
export async function confirmReset(
  context: ServerContext,
  { token, password }: { readonly token: string; readonly password: string },
  origin: Origin,
): Promise<void> {
  const { database, mailer, config, recorder, limits } = context;
  const email = await countingTokens(context, origin.address, async () => {
    const passwordHash = await hashPassword(password);
    return await database.transaction().execute(async (transaction) => {
      const userId = await redeemToken(transaction, 'password_reset', token);
      const user = await lockUser(transaction, userId);
      if (user?.status !== 'active') throw invalidToken();
      await updateUser(transaction, userId, { passwordHash });
      const sessions = await revokeSessions(transaction, userId, 'all');
      await mailer.send(transaction, passwordMail(config, user, 'reset'));
      await recorder.record(transaction, {
        teamId: platformTeam,
        actor: userActor(user),
        what: 'user.password_reset',
        resourceId: userId,
        metadata: { sessions },
        personal: { email: user.email, address: origin.address },
      });
      return user.email;
    });
  });
  // Whoever tried passwords does not keep out who has just proved that the account is theirs.
  await limits.forget('sign-in-account', email);
}

import { WrennError } from '@wrenn/core';
import { actorOf, type UserPrincipal } from '../access/principal.ts';
import { platformTeam } from '../audit/happening.ts';
import type { ServerContext } from '../server-context.ts';
import { revokeSessions } from './login-sessions.ts';
import { passwordMail } from './mails.ts';
import { voidTokens } from './one-time-tokens.ts';
import { checkPassword, hashPassword } from './password.ts';
import { findUser, lockUser, type User, updateUser } from './store.ts';

export interface PasswordChange {
  /** What the account has now. */
  readonly current: string | undefined;
  readonly next: string;
  /** The new one again, where the account has none. */
  readonly confirmation: string | undefined;
}

/** Changes or adds the user's password, and ends all of their sessions but this one. */
export async function changePassword(
  context: ServerContext,
  principal: UserPrincipal,
  change: PasswordChange,
): Promise<void> {
  const { database, mailer, config, recorder, limits } = context;
  const { userId } = principal;
  await limits.take('password-user', userId);
  const user = await existing(findUser(database, userId));
  await prove(user, change);
  const passwordHash = await hashPassword(change.next);
  await database.transaction().execute(async (transaction) => {
    const current = await existing(lockUser(transaction, userId));
    if (current.passwordHash !== user.passwordHash) {
      throw new WrennError('conflict', 'the password was changed at this very moment', {
        remedy: 'try again',
      });
    }
    await updateUser(transaction, userId, { passwordHash });
    await voidTokens(transaction, userId, ['password_reset']);
    const sessions = await revokeSessions(transaction, userId, { allBut: principal.sessionId });
    const news = user.passwordHash === undefined ? 'added' : 'changed';
    await mailer.send(transaction, passwordMail(config, user, news));
    await recorder.record(transaction, {
      teamId: platformTeam,
      actor: actorOf(principal),
      what: 'user.password',
      resourceId: userId,
      metadata: { news, sessions },
      personal: { email: user.email },
    });
  });
  await limits.forget('password-user', userId);
}

async function prove({ passwordHash }: User, { current, next, confirmation }: PasswordChange): Promise<void> {
  if (passwordHash === undefined) {
    if (confirmation === next) return;
    throw new WrennError('invalid_request', 'confirm_password: is not the new password', {
      field: 'confirm_password',
    });
  }
  if (current !== undefined && (await checkPassword(current, passwordHash)) !== 'wrong') return;
  throw new WrennError('wrong_password', 'the current password is wrong', { field: 'current_password' });
}

async function existing(finding: Promise<User | undefined>): Promise<User> {
  const user = await finding;
  if (user === undefined) throw new WrennError('unauthorized', 'the account is gone');
  return user;
}

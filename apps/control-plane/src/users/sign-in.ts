import { type SessionId, WrennError } from '@wrenn/core';
import { systemActor } from '../access/principal.ts';
import { platformTeam } from '../audit/happening.ts';
import type { Origin } from '../http/origin.ts';
import { networkOf } from '../limits/network.ts';
import type { ServerContext } from '../server-context.ts';
import { hasSessionFrom } from './login-sessions.ts';
import { openSession } from './open-session.ts';
import { checkPassword, hashPassword } from './password.ts';
import { findUserByEmail, lockUser, type User, updateUser } from './store.ts';

/** Begins a session for who knows the password. An address without an account costs, and is told, the same as a wrong one. */
export async function signIn(
  context: ServerContext,
  { email, password }: { readonly email: string; readonly password: string },
  origin: Origin,
): Promise<SessionId> {
  const { database, limits } = context;
  const network = networkOf(origin.address);
  await limits.take('sign-in-address', network);
  const account = await accountSubject(context, email, origin);
  await limits.take('sign-in-account', account);
  const user = await findUserByEmail(database, email);
  const verdict = await checkPassword(password, user?.passwordHash);
  if (verdict === 'wrong' || user === undefined) {
    await recordRefusal(context, user, origin, 'password');
    throw wrongPassword();
  }
  await limits.forget('sign-in-account', account);
  await limits.giveBack('sign-in-address', network);
  if (user.status !== 'active') {
    await recordRefusal(context, user, origin, user.status);
    throw notActive(user.status);
  }
  const renewed = verdict === 'outdated' ? { passwordHash: await hashPassword(password) } : {};
  return await database.transaction().execute(async (transaction) => {
    const current = await lockUser(transaction, user.id);
    // The password was changed, or the account disabled, while this one was looked at.
    if (current?.status !== 'active' || current.passwordHash !== user.passwordHash) throw wrongPassword();
    await updateUser(transaction, user.id, renewed);
    return await openSession(context, transaction, current, { origin, method: 'password' });
  });
}

/**
 * Strangers who try passwords must not lock somebody out of their own account: where they are signed in already, their own
 * tries are counted apart.
 */
async function accountSubject(
  { database }: ServerContext,
  email: string,
  { address }: Origin,
): Promise<string> {
  return (await hasSessionFrom(database, email, address)) ? `${email} ${address}` : email;
}

function wrongPassword(): WrennError {
  return new WrennError('unauthorized', 'the e-mail address or the password is wrong', {
    remedy: 'try again, or ask for a new password',
  });
}

function notActive(status: 'inactive' | 'disabled'): WrennError {
  return status === 'inactive'
    ? new WrennError('account_not_activated', 'the address of the account is not confirmed', {
        remedy: 'open the link that was mailed to it; signing up again sends a new one',
      })
    : new WrennError('account_disabled', 'the account is disabled', {
        remedy: 'ask an administrator of this installation',
      });
}

/** Written down for addresses without an account too: it takes time. */
async function recordRefusal(
  { database, recorder }: ServerContext,
  user: User | undefined,
  origin: Origin,
  reason: string,
): Promise<void> {
  await database.transaction().execute((transaction) =>
    recorder.record(transaction, {
      teamId: platformTeam,
      actor: systemActor,
      what: 'user.sign_in_refused',
      resourceId: user?.id,
      status: 'warning',
      metadata: { reason },
      personal: { address: origin.address, ...(user === undefined ? {} : { email: user.email }) },
    }),
  );
}

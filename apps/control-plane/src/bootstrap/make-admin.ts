import type { UserId } from '@wrenn/core';
import { platformPart } from '../access/principal.ts';
import { type Happening, platformTeam } from '../audit/happening.ts';
import type { Recorder } from '../audit/recorder.ts';
import type { Database, Queryable } from '../db/database.ts';
import { adoptDefaultTeam } from '../teams/store.ts';
import { homeTeam } from '../users/home-team.ts';
import { revokeSessions } from '../users/login-sessions.ts';
import { voidTokens } from '../users/one-time-tokens.ts';
import { hashPassword } from '../users/password.ts';
import { findUserByEmail, insertUser, lockUserByEmail, type User, updateUser } from '../users/store.ts';
import { ensurePasswordFile, readPasswordFile } from './password-file.ts';

interface Services {
  readonly database: Database;
  readonly recorder: Recorder;
}

export interface WantedAdmin {
  readonly email: string;
  readonly name: string;
  /** Where the password of a new account is taken from; a random one is put there if there is no such file. */
  readonly passwordFile: string;
}

export interface MadeAdmin {
  readonly userId: UserId;
  /** Whether the password of the file is the account's now. */
  readonly hasPasswordOfFile: boolean;
}

/**
 * Makes an administrator of the platform: a new account, or the one that has the address. An account that there is gets the
 * password of the file if there is such a file, and keeps its own otherwise.
 */
export async function makeAdmin({ database, recorder }: Services, wanted: WantedAdmin): Promise<MadeAdmin> {
  const isKnown = (await findUserByEmail(database, wanted.email)) !== undefined;
  const password = isKnown
    ? await readPasswordFile(wanted.passwordFile)
    : await ensurePasswordFile(wanted.passwordFile);
  const passwordHash = password === undefined ? undefined : await hashPassword(password);
  return await database.transaction().execute(async (transaction) => {
    const { email, name } = wanted;
    const made = await insertUser(transaction, { email, name, passwordHash, status: 'active' });
    const user = made ?? (await lockUserByEmail(transaction, email));
    if (user === undefined) throw new TypeError('the account was deleted while it was made an administrator');
    if (made === undefined) await renew(transaction, user, passwordHash);
    await updateUser(transaction, user.id, { isAdmin: true });
    const actor = platformPart('admin create');
    const teams = await teamsOf(transaction, user);
    const common = { teamId: platformTeam, actor, resourceId: user.id, personal: { email } };
    const granted: Happening = { ...common, what: 'user.grant_admin', metadata: { was: user.status } };
    await recorder.record(transaction, ...teams, granted);
    return { userId: user.id, hasPasswordOfFile: passwordHash !== undefined };
  });
}

async function renew(transaction: Queryable, user: User, passwordHash: string | undefined): Promise<void> {
  await updateUser(transaction, user.id, { status: 'active' });
  if (passwordHash === undefined) return;
  await updateUser(transaction, user.id, { passwordHash });
  await voidTokens(transaction, user.id, ['activation', 'password_reset']);
  await revokeSessions(transaction, user.id, 'all');
}

/** The team that the installation began with gets its owner, if it has none; nobody is left without a team. */
async function teamsOf(transaction: Queryable, user: User): Promise<readonly Happening[]> {
  await adoptDefaultTeam(transaction, user.id);
  return (await homeTeam(transaction, user)).happenings;
}

/** Whether nobody has an account yet: only then does an installation make its administrator by itself. */
export async function isNew(database: Queryable): Promise<boolean> {
  return (await database.selectFrom('users').select('id').limit(1).executeTakeFirst()) === undefined;
}

import { type SessionId, uuidFromId } from '@wrenn/core';
import { platformTeam } from '../audit/happening.ts';
import type { Queryable } from '../db/database.ts';
import type { Origin } from '../http/origin.ts';
import { emailAddress, personName } from '../http/schemas.ts';
import type { ServerContext } from '../server-context.ts';
import { findIdentity, insertIdentity } from '../users/identities.ts';
import { openSession, userActor } from '../users/open-session.ts';
import { insertUser, lockUser, lockUserByEmail, type User } from '../users/store.ts';
import { OAuthRefusal } from './fault.ts';
import type { ProviderAccount } from './provider.ts';

/** Somebody who wants in by their account at a provider. */
export interface Entry {
  readonly provider: string;
  readonly account: ProviderAccount;
  readonly intent: 'login' | 'signup';
  readonly origin: Origin;
}

export interface Entered {
  readonly sessionId: SessionId;
  readonly isNew: boolean;
}

/** Of two sign-ups at once the slower one finds what the faster one made, and signs in to it. */
const mostTries = 3;

/** Signs in to the account that is linked; makes one where there is none and a sign-up is wanted. Else an OAuthRefusal. */
export async function enter(context: ServerContext, entry: Entry): Promise<Entered> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await context.database
        .transaction()
        .execute(async (transaction) => await enterIn(context, transaction, entry));
    } catch (thrown) {
      if (!(thrown instanceof Overtaken) || tries === mostTries) throw thrown;
    }
  }
}

/** Another request has just made what this one was about to make. */
class Overtaken extends Error {}

async function enterIn(context: ServerContext, transaction: Queryable, entry: Entry): Promise<Entered> {
  const { provider, account, intent, origin } = entry;
  const known = await findIdentity(transaction, provider, account.subject);
  if (known !== undefined) {
    const user = await lockUser(transaction, known);
    if (user?.status !== 'active') throw new OAuthRefusal('account_deactivated');
    const sessionId = await openSession(context, transaction, user, { origin, method: provider });
    return { sessionId, isNew: false };
  }
  if (intent === 'login') throw new OAuthRefusal('no_account');
  const user = await makeAccount(transaction, entry);
  const made = { actor: userActor(user), resourceId: user.id, metadata: { provider } } as const;
  const personal = { email: user.email, name: user.name };
  const sessionId = await openSession(context, transaction, user, {
    origin,
    method: provider,
    alsoRecord: [{ teamId: platformTeam, what: 'user.signup', ...made, personal }],
  });
  return { sessionId, isNew: true };
}

/** The provider has seen that the address is theirs: no mail has to show it again. */
async function makeAccount(transaction: Queryable, { provider, account }: Entry): Promise<User> {
  const [email] = account.verifiedEmails.flatMap((text) => emailAddress.safeParse(text).data ?? []);
  if (email === undefined) throw new OAuthRefusal('email_unverified');
  const other = await lockUserByEmail(transaction, email);
  if (other !== undefined && other.status !== 'inactive') throw new OAuthRefusal('email_taken');
  // Whoever signed up with the address has not shown that it is theirs; their password must not open this account.
  if (other !== undefined)
    await transaction.deleteFrom('users').where('id', '=', uuidFromId(other.id)).execute();
  const name = nameOf(account, email);
  const user = await insertUser(transaction, { email, name, passwordHash: undefined, status: 'active' });
  if (user === undefined) throw new Overtaken();
  const identity = { provider, subject: account.subject, userId: user.id, email };
  if (!(await insertIdentity(transaction, identity))) throw new Overtaken();
  return user;
}

/** A suggestion, until they say what they want to be called. */
function nameOf({ names }: ProviderAccount, email: string): string {
  const usable = [...names, email.split('@')[0]].flatMap((text) => personName.safeParse(text).data ?? []);
  return usable[0] ?? 'New user';
}

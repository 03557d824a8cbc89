import { WrennError } from '@wrenn/core';
import { actorOf, type UserPrincipal } from '../access/principal.ts';
import { platformTeam } from '../audit/happening.ts';
import type { ServerContext } from '../server-context.ts';
import { deleteIdentity, findIdentity, insertIdentity, linkedProviders } from '../users/identities.ts';
import { lockUser } from '../users/store.ts';
import { OAuthRefusal } from './fault.ts';
import type { ProviderAccount } from './provider.ts';

/** Lets the user sign in with their account at a provider. Done twice, it succeeds twice. */
export async function linkAccount(
  { database, recorder }: ServerContext,
  user: UserPrincipal,
  provider: string,
  account: ProviderAccount,
): Promise<void> {
  const { subject, verifiedEmails } = account;
  await database.transaction().execute(async (transaction) => {
    const locked = await lockUser(transaction, user.userId);
    if (locked?.status !== 'active') throw new OAuthRefusal('account_deactivated');
    const identity = { provider, subject, userId: user.userId, email: verifiedEmails[0] ?? '' };
    if (!(await insertIdentity(transaction, identity))) {
      if ((await findIdentity(transaction, provider, subject)) === user.userId) return;
      throw new OAuthRefusal('already_linked');
    }
    await recorder.record(transaction, {
      teamId: platformTeam,
      actor: actorOf(user),
      what: 'user.link',
      resourceId: user.userId,
      metadata: { provider },
      personal: { email: user.email },
    });
  });
}

/** The account at the provider opens this one no longer. */
export async function unlinkAccount(
  { database, recorder }: ServerContext,
  user: UserPrincipal,
  provider: string,
): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    const locked = await lockUser(transaction, user.userId);
    const linked = await linkedProviders(transaction, user.userId);
    if (!linked.includes(provider)) {
      throw new WrennError('not_found', 'no account of this provider is linked', { field: 'provider' });
    }
    if (locked?.passwordHash === undefined && linked.length === 1) {
      throw new WrennError('last_login_method', 'nothing else is left to sign in with', {
        remedy: 'choose a password, or link another provider, before',
      });
    }
    await deleteIdentity(transaction, user.userId, provider);
    await recorder.record(transaction, {
      teamId: platformTeam,
      actor: actorOf(user),
      what: 'user.unlink',
      resourceId: user.userId,
      metadata: { provider },
      personal: { email: user.email },
    });
  });
}

import { type SessionId, WrennError } from '@wrenn/core';
import { platformTeam } from '../audit/happening.ts';
import type { Origin } from '../http/origin.ts';
import { countingTokens } from '../limits/token-limit.ts';
import type { ServerContext } from '../server-context.ts';
import { invalidToken, redeemToken } from './one-time-tokens.ts';
import { openSession, userActor } from './open-session.ts';
import { lockUser, updateUser } from './store.ts';

/** Makes an account one that can be used, with a team of its own, and signs its owner in. */
export async function activate(context: ServerContext, token: string, origin: Origin): Promise<SessionId> {
  return await countingTokens(context, origin.address, () =>
    context.database.transaction().execute(async (transaction) => {
      const userId = await redeemToken(transaction, 'activation', token);
      const user = await lockUser(transaction, userId);
      if (user === undefined) throw invalidToken();
      if (user.status !== 'inactive') {
        throw new WrennError('already_activated', 'the address is confirmed already', { remedy: 'sign in' });
      }
      await updateUser(transaction, userId, { status: 'active' });
      const activated = {
        teamId: platformTeam,
        actor: userActor(user),
        what: 'user.activate',
        resourceId: userId,
        personal: { email: user.email },
      } as const;
      return await openSession(context, transaction, user, {
        origin,
        method: 'activation',
        alsoRecord: [activated],
      });
    }),
  );
}

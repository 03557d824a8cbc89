import { type SessionId, WrennError } from '@wrenn/core';
import { authenticate } from '../access/authenticate.ts';
import { actorOf, type UserPrincipal } from '../access/principal.ts';
import { platformTeam } from '../audit/happening.ts';
import type { ServerContext } from '../server-context.ts';
import { revokeSessions } from './login-sessions.ts';

/** Ends the session that the credential is of. One that is none, or is over, needs no end. */
export async function signOut(context: ServerContext, credential: string | undefined): Promise<void> {
  if (credential === undefined) return;
  try {
    const principal = await authenticate(context, credential);
    if (principal.kind === 'user') await endSessions(context, principal, { only: principal.sessionId });
  } catch (thrown) {
    const { code } = WrennError.from(thrown);
    if (code !== 'unauthorized' && code !== 'account_deactivated') throw thrown;
  }
}

/** Ends one session of the user, or all but the one that they ask from. Returns how many there were. */
export async function endSessions(
  { database, recorder }: ServerContext,
  user: UserPrincipal,
  which: { readonly only: SessionId } | { readonly allBut: SessionId },
): Promise<number> {
  return await database.transaction().execute(async (transaction) => {
    const sessions = await revokeSessions(transaction, user.userId, which);
    if (sessions === 0) return 0;
    await recorder.record(transaction, {
      teamId: platformTeam,
      actor: actorOf(user),
      what: 'user.sign_out',
      resourceId: user.userId,
      status: 'info',
      metadata: { sessions },
      personal: { email: user.email },
    });
    return sessions;
  });
}

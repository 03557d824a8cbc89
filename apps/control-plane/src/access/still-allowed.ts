import { WrennError } from '@wrenn/core';
import type { Queryable } from '../db/database.ts';
import { findKey } from '../keys/store.ts';
import { membershipIn } from '../teams/membership.ts';
import { findSession } from '../users/login-sessions.ts';
import { unauthorized } from './authenticate.ts';
import type { Caller, Principal, UserPrincipal } from './principal.ts';
import type { TeamAuth } from './route-auth.ts';

/** What somebody was let in to, and by what. */
export interface Admission {
  readonly principal: Principal;
  /** The key or token that they showed. */
  readonly credential: string;
  readonly auth: TeamAuth | 'platform';
  readonly caller: Caller;
}

/**
 * Throws when whoever was let in would not be any more. A session may have gone on to another team meanwhile: what
 * counts is the team that it was opened for.
 */
export async function requireStillAllowed(database: Queryable, admission: Admission): Promise<void> {
  const { principal, credential } = admission;
  if (principal.kind === 'user') await requireUser(database, principal, admission);
  else if ((await findKey(database, credential)) === undefined)
    throw unauthorized('the API key is not valid');
}

async function requireUser(
  database: Queryable,
  { sessionId, userId }: UserPrincipal,
  { auth, caller }: Admission,
): Promise<void> {
  const found = await findSession(database, sessionId);
  if (found?.state !== 'live') throw unauthorized('the session is over');
  if (auth !== 'platform') await membershipIn(database, userId, caller.teamId, auth.role);
  else if (!found.principal.isAdmin) {
    throw new WrennError('forbidden', 'this is for administrators of the platform');
  }
}

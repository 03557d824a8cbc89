import type { SessionId } from '@wrenn/core';
import type { Actor } from '../access/principal.ts';
import { type Happening, platformTeam } from '../audit/happening.ts';
import type { Queryable } from '../db/database.ts';
import type { Origin } from '../http/origin.ts';
import type { ServerContext } from '../server-context.ts';
import { homeTeam } from './home-team.ts';
import { beginSession } from './login-sessions.ts';
import type { User } from './store.ts';

/** How somebody came to be signed in. */
export interface Opening {
  readonly origin: Origin;
  /** `password`, or where the proof came from. */
  readonly method: string;
  readonly alsoRecord?: readonly Happening[];
}

/** Begins a session for who has proved who they are. The caller has locked the user and seen that they are active. */
export async function openSession(
  { recorder }: Pick<ServerContext, 'recorder'>,
  transaction: Queryable,
  user: User,
  { origin, method, alsoRecord = [] }: Opening,
): Promise<SessionId> {
  const { teamId, happenings } = await homeTeam(transaction, user);
  const sessionId = await beginSession(transaction, { userId: user.id, teamId, origin });
  await recorder.record(transaction, ...happenings, ...alsoRecord, {
    teamId: platformTeam,
    actor: userActor(user),
    what: 'user.sign_in',
    resourceId: user.id,
    status: 'info',
    metadata: { method },
    personal: { email: user.email, address: origin.address },
  });
  return sessionId;
}

/** Somebody as who did something, before they have a session. */
export function userActor({ id, name }: Pick<User, 'id' | 'name'>): Actor {
  return { type: 'user', id, name };
}

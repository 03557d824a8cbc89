import { randomBytes } from 'node:crypto';
import { newId, type SessionId, type TeamId, type UserId, uuidFromId } from '@wrenn/core';
import { signSessionToken } from '../../access/session-token.ts';
import type { ControlPlane } from '../../control-plane.ts';
import { Rest } from '../../snapshots/testing/rest.ts';
import { beginSession } from '../../users/login-sessions.ts';
import { createTeam } from '../store.ts';

/** Somebody with an account and a team of their own, who is signed in to that. */
export interface Person {
  readonly id: UserId;
  readonly sessionId: SessionId;
  readonly email: string;
  readonly name: string;
  readonly teamId: TeamId;
  readonly token: string;
  /** Asks as them. */
  readonly rest: Rest;
}

type Server = Pick<ControlPlane, 'url' | 'context'>;
const origin = { userAgent: 'test', address: '127.0.0.1' };

/** People as rows: for tests of what they may do, not of how they signed up and in. */
export async function person(
  server: Server,
  name: string,
  also: { readonly isAdmin?: boolean; readonly email?: string } = {},
): Promise<Person> {
  const { database } = server.context;
  const id = newId('user');
  const email = also.email ?? `${name.toLowerCase()}.${randomBytes(4).toString('hex')}@example.org`;
  await database
    .insertInto('users')
    .values({
      id: uuidFromId(id),
      email,
      name,
      status: 'active',
      is_admin: also.isAdmin ?? false,
      password_hash: null,
    })
    .execute();
  const teamId = await createTeam(database, { name: `${name}'s Team`, ownerId: id });
  return { id, email, name, teamId, ...(await signIn(server, { id, email, name }, teamId)) };
}

/** A new session of somebody, that acts for the team. */
export async function signIn(
  { url, context }: Server,
  { id: userId, email, name }: Pick<Person, 'id' | 'email' | 'name'>,
  teamId: TeamId | undefined,
): Promise<Pick<Person, 'sessionId' | 'token' | 'rest'>> {
  const sessionId = await beginSession(context.database, { userId, teamId, origin });
  const facts = { teamId, role: undefined, email, name, isAdmin: false };
  const token = await signSessionToken(context.secrets.session, { id: sessionId, userId }, facts, new Date());
  return { sessionId, token, rest: new Rest(url, { authorization: `Bearer ${token}` }) };
}

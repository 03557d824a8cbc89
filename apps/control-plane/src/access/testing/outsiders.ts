import { uuidFromId } from '@wrenn/core';
import { sql } from 'kysely';
import type { ControlPlane } from '../../control-plane.ts';
import { createKey } from '../../keys/store.ts';
import { insertMember, removeMember } from '../../teams/members.ts';
import { type Person, person, signIn } from '../../teams/testing/people.ts';
import { revokeSessions } from '../../users/login-sessions.ts';
import { type GrantableScope, type Scope, scopes } from '../scopes.ts';
import { signSessionToken } from '../session-token.ts';
import type { TeamOfOthers } from './belongings.ts';

/** Headers that say who asks, and what they are. */
export interface Outsider {
  readonly what: string;
  readonly headers: Readonly<Record<string, string>>;
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

export async function keyOf(
  { context }: ControlPlane,
  teamId: Person['teamId'],
  allowed: readonly GrantableScope[] = ['all'],
): Promise<Outsider['headers']> {
  const { key } = await createKey(context.database, { teamId, name: 'key', scopes: allowed });
  return { 'x-api-key': key.reveal() };
}

/** All who were of the team and are not, and keys of it that may do less than they could. */
export interface Outsiders {
  readonly spent: readonly Outsider[];
  readonly disabled: Outsider;
  readonly removed: Outsider;
  readonly key: Outsider['headers'];
  /** For each scope, a key that may do everything else. */
  readonly keyWithout: ReadonlyMap<Scope, Outsider['headers']>;
}

export async function outsidersOf(server: ControlPlane, team: TeamOfOthers): Promise<Outsiders> {
  const { teamId } = team.people.owner;
  const keyWithout = new Map<Scope, Outsider['headers']>();
  for (const scope of scopes) {
    const others = scopes.filter((each) => each !== scope);
    keyWithout.set(scope, await keyOf(server, teamId, others));
  }
  return {
    spent: await spentCredentials(server, team),
    disabled: await disabledMember(server, team),
    removed: await removedMember(server, team),
    key: await keyOf(server, teamId),
    keyWithout,
  };
}

/** Credentials of the team that were good once: none is any more, though they belong to its owner. */
async function spentCredentials(server: ControlPlane, team: TeamOfOthers): Promise<Outsider[]> {
  const { database, secrets } = server.context;
  const { owner } = team.people;
  const revoked = await signIn(server, owner, owner.teamId);
  await revokeSessions(database, owner.id, { only: revoked.sessionId });
  const expired = await signIn(server, owner, owner.teamId);
  await database
    .updateTable('sessions')
    .set({ expires_at: sql<Date>`now()` })
    .where('id', '=', uuidFromId(expired.sessionId))
    .execute();
  const session = { id: owner.sessionId, userId: owner.id };
  const facts = { teamId: owner.teamId, role: 'owner', email: owner.email, name: owner.name, isAdmin: true };
  const forged = await signSessionToken(secrets.oauth, session, facts, new Date());
  const old = await signSessionToken(secrets.session, session, facts, new Date(0));
  const revokedKey = await keyOf(server, owner.teamId);
  await database
    .deleteFrom('api_keys')
    .where('key_prefix', '=', String(revokedKey['x-api-key']).slice(0, 10))
    .execute();
  const expiredKey = await keyOf(server, owner.teamId);
  await database
    .updateTable('api_keys')
    .set({ expires_at: sql<Date>`now()` })
    .where('key_prefix', '=', String(expiredKey['x-api-key']).slice(0, 10))
    .execute();
  return [
    { what: 'a revoked session', headers: bearer(revoked.token) },
    { what: 'an expired session', headers: bearer(expired.token) },
    { what: 'an expired token', headers: bearer(old) },
    { what: 'a token signed with another key', headers: bearer(forged) },
    { what: 'a token without a signature', headers: bearer(owner.token.replace(/[^.]*$/, 'none')) },
    { what: 'a revoked key', headers: revokedKey },
    { what: 'an expired key', headers: expiredKey },
    { what: 'a revoked key as a token', headers: bearer(String(revokedKey['x-api-key'])) },
    { what: 'nonsense', headers: { 'x-api-key': 'wrn_nonsense' } },
  ];
}

/** A member whose account was disabled; the session is as it was. */
async function disabledMember(server: ControlPlane, team: TeamOfOthers): Promise<Outsider> {
  const { database } = server.context;
  const someone = await memberOf(server, team);
  await database
    .updateTable('users')
    .set({ status: 'disabled' })
    .where('id', '=', uuidFromId(someone.id))
    .execute();
  return { what: 'a disabled user', headers: bearer(someone.token) };
}

/** Whoever was an admin of the team until just now, in a session that acts for it. */
async function removedMember(server: ControlPlane, team: TeamOfOthers): Promise<Outsider> {
  const someone = await memberOf(server, team);
  await removeMember(server.context.database, team.people.owner.teamId, someone.id);
  return { what: 'a removed member', headers: bearer(someone.token) };
}

async function memberOf(server: ControlPlane, { people }: TeamOfOthers): Promise<Person> {
  const someone = await person(server, 'Former');
  await insertMember(server.context.database, people.owner.teamId, someone.id, 'admin');
  return { ...someone, ...(await signIn(server, someone, people.owner.teamId)) };
}

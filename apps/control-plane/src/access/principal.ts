import { type ApiKeyId, type SessionId, type TeamId, type UserId, WrennError } from '@wrenn/core';
import type { TeamRole } from '../db/schema.ts';
import type { GrantableScope, Scope } from './scopes.ts';

/** An API key: a team's, and nobody's in particular. */
export interface KeyPrincipal {
  readonly kind: 'api_key';
  readonly keyId: ApiKeyId;
  readonly keyName: string;
  readonly scopes: readonly GrantableScope[];
  readonly team: { readonly id: TeamId; readonly auditsAccess: boolean };
}

/** Somebody who is signed in. */
export interface UserPrincipal {
  readonly kind: 'user';
  readonly userId: UserId;
  readonly sessionId: SessionId;
  readonly email: string;
  readonly name: string;
  readonly isAdmin: boolean;
  /** The team that the session acts for; undefined when it is gone, or its user is no member any more. */
  readonly team: { readonly id: TeamId; readonly auditsAccess: boolean; readonly role: TeamRole } | undefined;
}

export type Principal = KeyPrincipal | UserPrincipal;

/** Who did something, as the audit log and events say it. */
export type Actor =
  | { readonly type: 'user'; readonly id: UserId; readonly name: string }
  | { readonly type: 'api_key'; readonly id: ApiKeyId; readonly name: string }
  | { readonly type: 'system'; readonly name: string };

export const systemActor: Actor = { type: 'system', name: 'system' };

/** The platform, where nobody asked for it; the name says what of it. */
export function platformPart(name: string): Actor {
  return { type: 'system', name };
}

export function actorOf(principal: Principal): Actor {
  return principal.kind === 'user'
    ? { type: 'user', id: principal.userId, name: principal.name }
    : { type: 'api_key', id: principal.keyId, name: principal.keyName };
}

/** Who does something, and in which team's name. */
export interface Doer {
  readonly teamId: TeamId;
  readonly actor: Actor;
}

/** In whose name, and by whom, a request of a team is made. */
export interface Caller extends Doer {
  /** Whether the team wants commands and files in its audit log. */
  readonly auditsAccess: boolean;
}

export function mayUse(key: KeyPrincipal, scope: Scope): boolean {
  return key.scopes.includes('all') || key.scopes.includes(scope);
}

export function callerFrom(principal: Principal): Caller {
  const { team } = principal;
  if (team === undefined) {
    throw new WrennError('no_team', 'the session acts for no team', {
      remedy: 'choose one with POST /v1/auth/switch-team, or make one with POST /v1/teams',
    });
  }
  return { teamId: team.id, actor: actorOf(principal), auditsAccess: team.auditsAccess };
}

import type { TeamRole } from '../db/schema.ts';
import type { Scope } from './scopes.ts';

/**
 * Who may call a route:
 * - `none`: anyone
 * - `edge`: an edge of this installation
 * - `session`: whoever is signed in, whether or not in a team
 * - `admin`: a signed-in administrator of the platform
 * - `platform`: the same, in the name of the platform's team
 * - in a team's name: an API key with the scope, or a session whose user has at least the role in the session's team
 */
export type RouteAuth = 'none' | 'edge' | 'session' | 'admin' | 'platform' | TeamAuth;

export interface TeamAuth {
  readonly inTeam: true;
  /** What an API key must have; undefined where no key can do it. */
  readonly scope: Scope | undefined;
  readonly role: TeamRole;
}

/** An API key with the scope, or any member. */
export function withScope(scope: Scope): TeamAuth {
  return { inTeam: true, scope, role: 'member' };
}

/** A signed-in user with at least the role in the team of their session; no key. */
export function asMember(role: TeamRole): TeamAuth {
  return { inTeam: true, scope: undefined, role };
}

const ranks: Readonly<Record<TeamRole, number>> = { member: 1, admin: 2, owner: 3 };

export function hasRole(role: TeamRole, least: TeamRole): boolean {
  return ranks[role] >= ranks[least];
}

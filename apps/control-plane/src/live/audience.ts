import { type TeamId, uuidFromId } from '@wrenn/core';
import type { LiveKind } from '@wrenn/core/live-kinds';
import { mayUse, type Principal } from '../access/principal.ts';
import { platformTeam } from '../audit/happening.ts';
import type { Change } from './change.ts';

/** What one client is told of. */
export interface Audience {
  /** Its UUID. */
  readonly team: string;
  readonly kinds: ReadonlySet<LiveKind>;
  /** Told of for all teams. */
  readonly everywhere: ReadonlySet<LiveKind>;
}

const none: ReadonlySet<LiveKind> = new Set();
const ofCapsules: readonly LiveKind[] = ['capsule', 'operation'];
const ofTemplates: readonly LiveKind[] = ['template', 'build'];
const ofTeams: readonly LiveKind[] = ['team', 'member', 'invitation', 'key', 'channel', 'host'];
const ofInstallation: ReadonlySet<LiveKind> = new Set(['team', 'member', 'host', 'user']);

/** Whoever is signed in is told of all that is their team's; a key of what it may read. */
export function audienceOf(principal: Principal, teamId: TeamId): Audience {
  const team = uuidFromId(teamId);
  if (principal.kind === 'user')
    return { team, kinds: new Set([...ofCapsules, ...ofTemplates, ...ofTeams]), everywhere: none };
  const templates = mayUse(principal, 'snapshots:read') ? ofTemplates : [];
  return { team, kinds: new Set([...ofCapsules, ...templates]), everywhere: none };
}

/** Administrators: what is the platform's own, and who and what there is in the installation. */
export const platformAudience: Audience = {
  team: uuidFromId(platformTeam),
  kinds: new Set([...ofCapsules, ...ofTemplates]),
  everywhere: ofInstallation,
};

export function isFor({ team, kinds, everywhere }: Audience, change: Pick<Change, 'kind' | 'team'>): boolean {
  if (everywhere.has(change.kind)) return true;
  return kinds.has(change.kind) && (change.team === team || isOfAll(change));
}

/** Templates of the platform are every team's. */
function isOfAll({ kind, team }: Pick<Change, 'kind' | 'team'>): boolean {
  return kind === 'template' && team === platformAudience.team;
}

import { uuidFromId } from '@wrenn/core';
import type { Actor } from '../access/principal.ts';
import { type Happening, platformTeam } from '../audit/happening.ts';

export const platformUuid = uuidFromId(platformTeam);

/** What an administrator did, in the log of the platform. */
export function onPlatform(actor: Actor, happening: Omit<Happening, 'teamId' | 'actor'>): Happening {
  return { teamId: platformTeam, actor, ...happening };
}

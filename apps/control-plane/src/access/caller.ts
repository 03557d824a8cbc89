import { platformTeam } from '../audit/happening.ts';
import { actorOf, type Caller, callerFrom, type Principal } from './principal.ts';
import type { RouteAuth } from './route-auth.ts';

/** In which team's name somebody calls a route that is for them: the platform's, or the one that they act for. */
export function callerOn(principal: Principal, auth: RouteAuth | undefined): Caller {
  if (auth !== 'platform') return callerFrom(principal);
  // What administrators do is written down in any case.
  return { teamId: platformTeam, actor: actorOf(principal), auditsAccess: true };
}

import type { TeamId } from '@wrenn/core';
import type { UserPrincipal } from '../access/principal.ts';
import type { Queryable } from '../db/database.ts';
import type { TeamRole } from '../db/schema.ts';
import type { ServerContext } from '../server-context.ts';
import { lockMembership, type Membership } from './membership.ts';

/** Somebody, a team, and the role in it that what they want takes. */
export interface Member {
  readonly user: UserPrincipal;
  readonly teamId: TeamId;
  readonly least: TeamRole;
}

/** Does `work` in a transaction in which the team is locked and the member has the role, or `forbidden`. */
export async function inTeam<T>(
  { database }: Pick<ServerContext, 'database'>,
  { user, teamId, least }: Member,
  work: (transaction: Queryable, team: Membership) => Promise<T>,
): Promise<T> {
  return await database
    .transaction()
    .execute(async (transaction) =>
      work(transaction, await lockMembership(transaction, user.userId, teamId, least)),
    );
}

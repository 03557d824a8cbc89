import { type ApiKeyId, type TeamId, WrennError } from '@wrenn/core';
import { actorOf, type UserPrincipal } from '../access/principal.ts';
import { hasRole } from '../access/route-auth.ts';
import type { ServerContext } from '../server-context.ts';
import { lockMembership } from '../teams/membership.ts';
import { deleteKey, findTeamKey } from './team-keys.ts';

/** Revokes a key of the team, from the next request on. One that the team does not have is none to be revoked. */
export async function revokeKey(
  { database, recorder }: ServerContext,
  user: UserPrincipal,
  teamId: TeamId,
  id: ApiKeyId,
): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    const { role } = await lockMembership(transaction, user.userId, teamId);
    const key = await findTeamKey(transaction, teamId, id);
    if (key === undefined) return;
    if (key.createdBy?.id !== user.userId && !hasRole(role, 'admin')) {
      throw new WrennError('forbidden', 'the key was made by somebody else', {
        remedy: 'ask an owner or admin of the team to revoke it',
      });
    }
    await deleteKey(transaction, id);
    await recorder.record(transaction, {
      teamId,
      actor: actorOf(user),
      what: 'api_key.revoke',
      resourceId: id,
      metadata: { name: key.name },
    });
  });
}

import { actorOf, type UserPrincipal } from '../access/principal.ts';
import type { ServerContext } from '../server-context.ts';
import { deleteInvitation, findInvitation } from './invitations.ts';
import { insertMember } from './members.ts';
import { lockTeam, type Membership, membershipIn } from './membership.ts';
import { noInvitation, ownInvitation } from './own-invitation.ts';

/** Makes somebody a member of the team that has invited them. A token is good once, and for the address it was sent to. */
export async function acceptInvitation(
  context: ServerContext,
  user: UserPrincipal,
  token: string,
): Promise<Membership> {
  const { id, teamId, email } = await ownInvitation(context, user, token);
  const { database, recorder } = context;
  return await database.transaction().execute(async (transaction) => {
    await lockTeam(transaction, teamId);
    // Looked up anew: it may have been accepted, taken back, or replaced since.
    const current = await findInvitation(transaction, token);
    if (current === undefined) throw noInvitation();
    await deleteInvitation(transaction, teamId, { id });
    const isNew = await insertMember(transaction, teamId, user.userId, current.role);
    const team = await membershipIn(transaction, user.userId, teamId);
    if (isNew) {
      await recorder.record(transaction, {
        teamId,
        actor: actorOf(user),
        what: 'member.add',
        resourceId: user.userId,
        metadata: { role: current.role, invitation: id },
        personal: { email },
      });
    }
    return team;
  });
}

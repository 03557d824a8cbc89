import { WrennError } from '@wrenn/core';
import { actorOf, type UserPrincipal } from '../access/principal.ts';
import type { ServerContext } from '../server-context.ts';
import { deleteInvitation, findInvitation } from './invitations.ts';
import { insertMember } from './members.ts';
import { lockTeam, type Membership, membershipIn } from './membership.ts';

/** Makes somebody a member of the team that has invited them. A token is good once, and for the address it was sent to. */
export async function acceptInvitation(
  { database, recorder, limits }: ServerContext,
  user: UserPrincipal,
  token: string,
): Promise<Membership> {
  await limits.check('token-user', user.userId);
  const invitation = await findInvitation(database, token);
  if (invitation === undefined) {
    await limits.take('token-user', user.userId);
    throw noInvitation();
  }
  const { id, teamId, role, email } = invitation;
  if (email !== user.email) {
    throw new WrennError('forbidden', 'the invitation is for another address than that of your account', {
      remedy: 'sign in with the account that has the address which the mail came to',
    });
  }
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
        metadata: { role, invitation: id },
        personal: { email },
      });
    }
    return team;
  });
}

function noInvitation(): WrennError {
  return new WrennError('invalid_token', 'the invitation is not valid, or not any more', {
    field: 'token',
    remedy: 'ask for a new one',
  });
}

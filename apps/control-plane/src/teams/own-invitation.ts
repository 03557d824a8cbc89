import { type InvitationId, uuidFromId, WrennError } from '@wrenn/core';
import type { UserPrincipal } from '../access/principal.ts';
import type { Queryable } from '../db/database.ts';
import type { ServerContext } from '../server-context.ts';
import { findInvitation, type Invitation } from './invitations.ts';

/** What somebody is asked before they accept. */
export interface Offer {
  readonly teamName: string;
  readonly role: Invitation['role'];
  /** Undefined when the account of whoever invited is gone. */
  readonly invitedBy: string | undefined;
  readonly expiresAt: Date;
}

/** The invitation that the token stands for. A token is good for the address it was sent to; guesses are counted. */
export async function ownInvitation(
  { database, limits }: ServerContext,
  user: UserPrincipal,
  token: string,
): Promise<Invitation> {
  await limits.check('token-user', user.userId);
  const invitation = await findInvitation(database, token);
  if (invitation === undefined) {
    await limits.take('token-user', user.userId);
    throw noInvitation();
  }
  if (invitation.email !== user.email) {
    throw new WrennError('forbidden', 'the invitation is for another address than that of your account', {
      remedy: 'sign in with the account that has the address which the mail came to',
    });
  }
  return invitation;
}

/** Of what an invitation makes somebody a member, and who says so. Changes nothing. */
export async function offerOf(context: ServerContext, user: UserPrincipal, token: string): Promise<Offer> {
  const { id, role, expiresAt } = await ownInvitation(context, user, token);
  const named = await namesOf(context.database, id);
  if (named === undefined) throw noInvitation();
  return { role, expiresAt, teamName: named.team, invitedBy: named.inviter ?? undefined };
}

/** Undefined when it was accepted or taken back since. */
async function namesOf(database: Queryable, id: InvitationId) {
  return await database
    .selectFrom('invitations as invitation')
    .innerJoin('teams as team', 'team.id', 'invitation.team_id')
    .leftJoin('users as inviter', 'inviter.id', 'invitation.invited_by')
    .where('invitation.id', '=', uuidFromId(id))
    .select(['team.name as team', 'inviter.name as inviter'])
    .executeTakeFirst();
}

export function noInvitation(): WrennError {
  return new WrennError('invalid_token', 'the invitation is not valid, or not any more', {
    field: 'token',
    remedy: 'ask for a new one',
  });
}

import { type InvitationId, idFromUuid, type TeamId, type UserId, WrennError } from '@wrenn/core';
import { actorOf, type UserPrincipal } from '../access/principal.ts';
import type { Queryable } from '../db/database.ts';
import type { ServerContext } from '../server-context.ts';
import { inTeam } from './in-team.ts';
import { deleteInvitation, type Invitation, insertInvitation } from './invitations.ts';
import { addedToTeamMail, invitationMail } from './mails.ts';
import { findMemberByEmail, type GrantableRole, insertMember } from './members.ts';
import { type Membership, membershipIn } from './membership.ts';

export interface InviteRequest {
  readonly user: UserPrincipal;
  readonly teamId: TeamId;
  readonly email: string;
  readonly role: GrantableRole;
}

/** Invites whoever has the address. The answer is the same whether or not they have an account. */
export async function inviteToTeam(context: ServerContext, request: InviteRequest): Promise<Invitation> {
  await limitInvitations(context, request);
  return await inTeam(context, { ...request, least: 'admin' }, async (transaction, team) => {
    await refuseMember(transaction, request);
    return await invite(context, transaction, team, request);
  });
}

/** Makes somebody with an account a member at once, and invites whoever has none; the answer does not say which. */
export async function addToTeam(context: ServerContext, request: InviteRequest): Promise<void> {
  await limitInvitations(context, request);
  const { user, teamId, email, role } = request;
  await inTeam(context, { ...request, least: 'admin' }, async (transaction, team) => {
    await refuseMember(transaction, request);
    const found = await findActive(transaction, email);
    if (found === undefined) {
      await invite(context, transaction, team, request);
      return;
    }
    await insertMember(transaction, teamId, found.id, role);
    await deleteInvitation(transaction, teamId, { email });
    const to = { email, name: found.name };
    await context.mailer.send(transaction, addedToTeamMail(context, to, team.name, user.name));
    await context.recorder.record(transaction, {
      teamId,
      actor: actorOf(user),
      what: 'member.add',
      resourceId: found.id,
      metadata: { role },
      personal: { email },
    });
  });
}

/** Takes an invitation back; one that is not there is a `not_found`. */
export async function takeInvitationBack(
  context: ServerContext,
  { user, teamId }: Pick<InviteRequest, 'user' | 'teamId'>,
  id: InvitationId,
): Promise<void> {
  await inTeam(context, { user, teamId, least: 'admin' }, async (transaction) => {
    const deleted = await deleteInvitation(transaction, teamId, { id });
    if (deleted === undefined) throw new WrennError('not_found', `the team has no invitation ${id}`);
    await context.recorder.record(transaction, {
      teamId,
      actor: actorOf(user),
      what: 'member.uninvite',
      resourceId: id,
      personal: { email: deleted.email },
    });
  });
}

/** Counted only for those who may invite: nobody else can use up what a team has. */
async function limitInvitations(
  { database, limits }: ServerContext,
  { user, teamId, email }: InviteRequest,
): Promise<void> {
  await membershipIn(database, user.userId, teamId, 'admin');
  await limits.take('invite-team', teamId);
  await limits.take('invite-user', user.userId);
  await limits.take('invite-account', email);
}

async function refuseMember(transaction: Queryable, { teamId, email }: InviteRequest): Promise<void> {
  if ((await findMemberByEmail(transaction, teamId, email)) === undefined) return;
  throw new WrennError('invalid_request', `${email} is a member of the team already`, { field: 'email' });
}

async function invite(
  context: ServerContext,
  transaction: Queryable,
  team: Membership,
  { user, teamId, email, role }: InviteRequest,
): Promise<Invitation> {
  const { invitation, token } = await insertInvitation(transaction, {
    teamId,
    email,
    role,
    invitedBy: user.userId,
  });
  const what = { team: team.name, by: user.name, role, token };
  await context.mailer.send(transaction, invitationMail(context, email, what));
  await context.recorder.record(transaction, {
    teamId,
    actor: actorOf(user),
    what: 'member.invite',
    resourceId: invitation.id,
    metadata: { role },
    personal: { email },
  });
  return invitation;
}

async function findActive(
  database: Queryable,
  email: string,
): Promise<{ readonly id: UserId; readonly name: string } | undefined> {
  const row = await database
    .selectFrom('users')
    .select(['id', 'name'])
    .where('email', '=', email)
    .where('status', '=', 'active')
    .executeTakeFirst();
  return row && { id: idFromUuid('user', row.id), name: row.name };
}

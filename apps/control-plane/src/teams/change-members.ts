import { type TeamId, type UserId, WrennError } from '@wrenn/core';
import { actorOf, type UserPrincipal } from '../access/principal.ts';
import type { ServerContext } from '../server-context.ts';
import { inTeam } from './in-team.ts';
import { ownershipMail } from './mails.ts';
import { findMember, type GrantableRole, type Member, removeMember, setRole } from './members.ts';

/** Somebody of a team, and who does something to them. */
export interface MemberRequest {
  readonly user: UserPrincipal;
  readonly teamId: TeamId;
  readonly memberId: UserId;
}

export async function changeRole(
  context: ServerContext,
  { user, teamId, memberId }: MemberRequest,
  role: GrantableRole,
): Promise<void> {
  await inTeam(context, { user, teamId, least: 'admin' }, async (transaction) => {
    const member = await findMember(transaction, teamId, memberId);
    refuseOwner(member, 'the role of the owner is not changed');
    if (member.role === role) return;
    await setRole(transaction, teamId, memberId, role);
    await context.recorder.record(transaction, {
      teamId,
      actor: actorOf(user),
      what: 'member.role_update',
      resourceId: memberId,
      metadata: { old_role: member.role, new_role: role },
      personal: { email: member.email },
    });
  });
}

export async function removeFromTeam(
  context: ServerContext,
  { user, teamId, memberId }: MemberRequest,
): Promise<void> {
  await inTeam(context, { user, teamId, least: 'admin' }, async (transaction) => {
    const member = await findMember(transaction, teamId, memberId);
    refuseOwner(member, 'the owner is not removed');
    await removeMember(transaction, teamId, memberId);
    await context.recorder.record(transaction, {
      teamId,
      actor: actorOf(user),
      what: 'member.remove',
      resourceId: memberId,
      metadata: { role: member.role },
      personal: { email: member.email },
    });
  });
}

export async function leaveTeam(context: ServerContext, user: UserPrincipal, teamId: TeamId): Promise<void> {
  await inTeam(context, { user, teamId, least: 'member' }, async (transaction, { role }) => {
    refuseOwner({ role }, 'the owner does not leave');
    await removeMember(transaction, teamId, user.userId);
    await context.recorder.record(transaction, {
      teamId,
      actor: actorOf(user),
      what: 'member.leave',
      resourceId: user.userId,
      metadata: { role },
      personal: { email: user.email },
    });
  });
}

/** Makes another member the owner; who was it stays as an admin. */
export async function transferTeam(
  context: ServerContext,
  { user, teamId, memberId }: MemberRequest,
): Promise<void> {
  await inTeam(context, { user, teamId, least: 'owner' }, async (transaction, team) => {
    const member = await findMember(transaction, teamId, memberId);
    if (member.role === 'owner' || !member.isActive) {
      const why = member.role === 'owner' ? 'owns the team already' : 'has an account that is not active';
      throw new WrennError('invalid_request', `user_id: ${member.email} ${why}`, { field: 'user_id' });
    }
    // In this order: a team has one owner at each moment.
    await setRole(transaction, teamId, user.userId, 'admin');
    await setRole(transaction, teamId, memberId, 'owner');
    await context.mailer.send(transaction, ownershipMail(context, member, team.name, user.name));
    await context.recorder.record(transaction, {
      teamId,
      actor: actorOf(user),
      what: 'team.transfer',
      resourceId: teamId,
      metadata: { from: user.userId, to: memberId },
      personal: { email: member.email },
    });
  });
}

function refuseOwner({ role }: Pick<Member, 'role'>, message: string): void {
  if (role !== 'owner') return;
  throw new WrennError('forbidden', message, {
    remedy: 'the owner can make somebody else the owner with POST /v1/teams/{id}/transfer first',
  });
}

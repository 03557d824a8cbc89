import { z } from 'zod';
import { teamRoles } from '../db/schema.ts';
import { emailAddress, idText } from '../http/schemas.ts';
import type { Invitation } from './invitations.ts';
import type { Member } from './members.ts';
import type { Membership } from './membership.ts';
import type { Offer } from './own-invitation.ts';

/** Letters and digits of any script, and what stands between them in names. */
const teamName = z
  .string()
  .max(128)
  .trim()
  .regex(/^[\p{L}\p{M}\p{N} _\-@']+$/u, "may have letters, digits, spaces and _ - @ ' only");

const grantableRole = z.enum(['admin', 'member']);

export const teamParameters = z.object({ id: idText('team') });
export const memberParameters = teamParameters.extend({ uid: idText('user') });
export const invitationParameters = teamParameters.extend({ invitation: idText('invitation') });

export const createTeamBody = z.strictObject({ name: teamName });
export const changeTeamBody = z
  .strictObject({
    name: teamName.optional(),
    audits_access: z
      .boolean()
      .optional()
      .describe('Whether commands, terminals and files are in the audit log of the team.'),
  })
  .refine(({ name, audits_access: audits }) => name !== undefined || audits !== undefined, {
    path: ['name'],
    message: 'is missing, and so is audits_access',
  });
export const transferBody = z.strictObject({ user_id: idText('user') });
export const inviteBody = z.strictObject({ email: emailAddress, role: grantableRole.default('member') });
export const changeMemberBody = z.strictObject({ role: grantableRole });
export const tokenBody = z.strictObject({ token: z.string().max(128) });

const time = z.string().meta({ format: 'date-time' });
const role = z.enum(teamRoles);

export const teamBody = z
  .object({
    id: z.string(),
    name: z.string(),
    slug: z.string(),
    is_byoc: z.boolean().describe('Whether its capsules run on hosts of its own.'),
    audits_access: z.boolean(),
    created_at: time,
    role: role.describe('What you are in it.'),
  })
  .meta({ id: 'Team' });

export const memberBody = z
  .object({ user_id: z.string(), name: z.string(), email: z.string(), role, joined_at: time })
  .meta({ id: 'Member' });

export const teamWithMembersBody = z.object({ team: teamBody, members: z.array(memberBody) });

export const addedBody = z.object({ email: z.string(), role: grantableRole });

export const invitationBody = z
  .object({
    id: z.string(),
    email: z.string(),
    role: grantableRole,
    invited_by: z.string().optional(),
    created_at: time,
    expires_at: time,
  })
  .meta({ id: 'Invitation' });

export const offerBody = z
  .object({
    team_name: z.string(),
    role: grantableRole,
    invited_by: z.string().optional().describe('Their name.'),
    expires_at: time,
  })
  .meta({ id: 'InvitationOffer' });

export function presentTeam(team: Membership): z.output<typeof teamBody> {
  return {
    id: team.teamId,
    name: team.name,
    slug: team.slug,
    is_byoc: team.isByoc,
    audits_access: team.auditsAccess,
    created_at: team.createdAt.toISOString(),
    role: team.role,
  };
}

export function presentMember(member: Member): z.output<typeof memberBody> {
  return {
    user_id: member.userId,
    name: member.name,
    email: member.email,
    role: member.role,
    joined_at: member.joinedAt.toISOString(),
  };
}

export function presentInvitation(invitation: Invitation): z.output<typeof invitationBody> {
  return {
    id: invitation.id,
    email: invitation.email,
    role: invitation.role,
    ...(invitation.invitedBy === undefined ? {} : { invited_by: invitation.invitedBy }),
    created_at: invitation.createdAt.toISOString(),
    expires_at: invitation.expiresAt.toISOString(),
  };
}

export function presentOffer(offer: Offer): z.output<typeof offerBody> {
  return {
    team_name: offer.teamName,
    role: offer.role,
    ...(offer.invitedBy === undefined ? {} : { invited_by: offer.invitedBy }),
    expires_at: offer.expiresAt.toISOString(),
  };
}

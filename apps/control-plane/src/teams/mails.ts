import type { Secret } from '@wrenn/core';
import type { Mail } from '../mail/mail.ts';
import type { ServerContext } from '../server-context.ts';
import type { GrantableRole } from './members.ts';

type Place = Pick<ServerContext, 'config'>;

export function teamCreatedMail({ config }: Place, to: Recipient, team: string): Mail {
  return {
    kind: 'team_created',
    to: to.email,
    name: to.name,
    subject: `Your team ${team}`,
    paragraphs: [`You have made the team ${team}, and are its owner.`],
    button: { text: 'Open the team', url: link(config, '/dashboard/team') },
  };
}

export function addedToTeamMail({ config }: Place, to: Recipient, team: string, by: string): Mail {
  return {
    kind: 'team_added',
    to: to.email,
    name: to.name,
    subject: `You are a member of the team ${team}`,
    paragraphs: [`${by} has added you to the team ${team}.`],
    button: { text: 'Open the team', url: link(config, '/dashboard/team') },
    closing: ['If you do not want to be a member of it, you can leave it there.'],
  };
}

/** What it offers is the same whether or not there is an account with the address. */
export function invitationMail(
  { config }: Place,
  email: string,
  { team, by, role, token }: { team: string; by: string; role: GrantableRole; token: Secret },
): Mail {
  const url = new URL(link(config, '/invitation'));
  url.searchParams.set('token', token.reveal());
  return {
    kind: 'team_invitation',
    to: email,
    name: email,
    subject: `Invitation to the team ${team}`,
    paragraphs: [
      `${by} invites you to become ${role === 'admin' ? 'an admin' : 'a member'} of the team ${team}.`,
      'The link is good for 7 days. You accept it signed in with this address, or sign up with it first.',
    ],
    button: { text: 'Accept the invitation', url: url.href },
    closing: ['If you do not know who invites you, you can ignore this mail.'],
  };
}

export function ownershipMail({ config }: Place, to: Recipient, team: string, by: string): Mail {
  return {
    kind: 'team_transferred',
    to: to.email,
    name: to.name,
    subject: `You own the team ${team}`,
    paragraphs: [`${by} has made you the owner of the team ${team}.`],
    button: { text: 'Open the team', url: link(config, '/dashboard/team') },
  };
}

interface Recipient {
  readonly email: string;
  readonly name: string;
}

function link({ publicUrl }: Place['config'], path: string): string {
  return new URL(path, publicUrl).href;
}

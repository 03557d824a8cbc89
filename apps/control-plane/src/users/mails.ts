import type { ControlPlaneConfig } from '../config.ts';
import type { Mail } from '../mail/mail.ts';
import { tokenMinutes } from './one-time-tokens.ts';

type Config = Pick<ControlPlaneConfig, 'publicUrl'>;
interface Receiver {
  readonly email: string;
  readonly name: string;
}
type Text = Omit<Mail, 'to' | 'name'>;

function to({ email, name }: Receiver, text: Text): Mail {
  return { to: email, name, ...text };
}

export function activationMail(config: Config, user: Receiver, token: string): Mail {
  return to(user, {
    kind: 'activation',
    subject: 'Confirm your address',
    paragraphs: ['Somebody signed up to Wrenn with this address. If that was you, confirm it.'],
    button: { text: 'Confirm the address', url: linkTo(config, '/activate', token) },
    closing: [
      `The link can be used once, within ${tokenMinutes.activation} minutes. A link that you were sent before is void.`,
      'If you did not sign up just now, do not use it: nothing happens then.',
    ],
  });
}

export function alreadyRegisteredMail(config: Config, user: Receiver): Mail {
  return to(user, {
    kind: 'already_registered',
    subject: 'You have an account already',
    paragraphs: [
      'Somebody signed up to Wrenn with this address. It belongs to your account, of which nothing was changed.',
      'If it was you, sign in; if you do not know your password any more, ask for a new one on the same page.',
    ],
    button: { text: 'Sign in', url: new URL('/login', config.publicUrl).href },
  });
}

export function resetMail(config: Config, user: Receiver, token: string): Mail {
  return to(user, {
    kind: 'password_reset',
    subject: 'Choose a new password',
    paragraphs: ['Somebody, hopefully you, asked for a new password of your account.'],
    button: { text: 'Choose a password', url: linkTo(config, '/reset-password', token) },
    closing: [
      `The link can be used once, within ${tokenMinutes.password_reset} minutes. If you did not ask for it, do not use it: nothing happens then.`,
    ],
  });
}

const passwordNews = {
  changed: 'The password of your account was changed. All your other sessions are ended.',
  added: 'Your account has a password now. All your other sessions are ended.',
  reset: 'The password of your account was changed by a link from a mail. All your sessions are ended.',
} as const;

export function passwordMail(config: Config, user: Receiver, news: keyof typeof passwordNews): Mail {
  return to(user, {
    kind: `password_${news}`,
    subject: news === 'added' ? 'Your account has a password' : 'Your password was changed',
    paragraphs: [
      passwordNews[news],
      'If it was not you, choose a new password at once, and look through your sessions and API keys.',
    ],
    button: { text: 'Choose a new password', url: new URL('/forgot-password', config.publicUrl).href },
  });
}

export function accountDeletedMail(user: Receiver, graceDays: number): Mail {
  return to(user, {
    kind: 'account_deleted',
    subject: 'Your account is deleted',
    paragraphs: [
      'Your account is deleted, with the teams that were yours alone, their capsules, and all API keys that you made.',
      `What is left of your personal data, as your name in audit logs, is removed in ${graceDays} days. The address can be used for a new account from now on.`,
    ],
  });
}

export function accountPurgedMail(user: Receiver): Mail {
  return to(user, {
    kind: 'account_purged',
    subject: 'Your data is removed',
    paragraphs: [
      'The personal data of the account that you deleted is removed. This is the last mail about it.',
    ],
  });
}

function linkTo({ publicUrl }: Config, path: string, token: string): string {
  const url = new URL(path, publicUrl);
  url.searchParams.set('token', token);
  return url.href;
}

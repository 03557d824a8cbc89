import { answered, api } from '#lib/api/client.ts';

const names: Readonly<Record<string, string>> = { github: 'GitHub', oidc: 'single sign-on' };

/** As people know it. */
export function providerName(provider: string): string {
  return names[provider] ?? provider;
}

export async function listProviders(): Promise<readonly string[]> {
  return await answered(api.GET('/v1/auth/providers'));
}

const faults: Readonly<Record<string, string>> = {
  invalid_state:
    'The sign-in was begun in another browser, took longer than ten minutes, or was used already. Begin it again.',
  access_denied: 'You did not agree there that Wrenn may know who you are.',
  missing_code: 'The provider did not say who you are. Begin again.',
  exchange_failed: 'The provider could not be asked who you are. Try again in a moment.',
  rate_limited: 'There were too many attempts from your network. Try again later.',
  no_account: 'There is no Wrenn account for this sign-in yet. Sign up first; a sign-in makes none.',
  email_taken:
    'An account with this e-mail address exists. Sign in to it by its password, and connect the provider in its settings.',
  email_unverified:
    'The provider has not seen that your e-mail address is yours. Confirm it there, then begin again.',
  account_deactivated: 'This account is disabled. Ask whoever runs this Wrenn.',
  already_linked: 'This account at the provider belongs to another Wrenn account.',
  db_error: 'Something went wrong here. Try again in a moment.',
};

/** Why somebody who came back from a provider is not signed in, or has nothing connected. */
export function providerFault(code: string): string {
  return faults[code] ?? 'It did not work, and nothing is known of why. Try again.';
}

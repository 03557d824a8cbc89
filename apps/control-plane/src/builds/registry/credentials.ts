import type { Secret } from '@wrenn/core';

/** What shows a registry who asks. */
export type RegistryCredentials =
  | { readonly kind: 'password'; readonly username: string; readonly password: Secret }
  /** What a registry's own sign-in gave in the place of a password. */
  | { readonly kind: 'identity_token'; readonly token: Secret };

export function basicAuthorization(credentials: RegistryCredentials & { kind: 'password' }): string {
  const { username, password } = credentials;
  return `Basic ${Buffer.from(`${username}:${password.reveal()}`).toString('base64')}`;
}

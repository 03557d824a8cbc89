import { type Fetch, Http } from './http.ts';
import type { CallOptions } from './types.ts';
import { answerOf } from './wire.ts';

export interface SignInOptions {
  readonly baseUrl: string;
  readonly email: string;
  readonly password: string;
  readonly fetch?: Fetch;
}

/** The token of a new session, which stands for the key of a client. */
export async function signIn(
  { baseUrl, email, password, fetch }: SignInOptions,
  { signal }: CallOptions = {},
): Promise<string> {
  const http = httpTo(baseUrl, '', fetch);
  const body = { email, password };
  const answer = await http.send({ method: 'POST', path: '/v1/auth/login', body, signal });
  const { token } = await answerOf<{ readonly token: string }>(answer);
  return token;
}

export interface SignOutOptions extends Pick<SignInOptions, 'baseUrl' | 'fetch'> {
  readonly token: string;
}

/** Ends the session of a token. */
export async function signOut(
  { baseUrl, token, fetch }: SignOutOptions,
  { signal }: CallOptions = {},
): Promise<void> {
  await httpTo(baseUrl, token, fetch).send({ method: 'POST', path: '/v1/auth/logout', signal });
}

function httpTo(baseUrl: string, apiKey: string, fetch: Fetch | undefined): Http {
  // Browsers refuse a fetch that is called as a method of something else.
  return new Http(baseUrl, { kind: 'key', key: apiKey }, fetch ?? globalThis.fetch.bind(globalThis));
}

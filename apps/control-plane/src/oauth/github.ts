import { abortable } from '@wrenn/core';
import { CodeChallengeMethod, OAuth2Client } from 'arctic';
import { z } from 'zod';
import type { ControlPlaneConfig } from '../config.ts';
import type { Provider, ProviderAccount } from './provider.ts';

const scopes = ['user:email'];
const userSchema = z.object({
  id: z.int(),
  login: z.string(),
  name: z.string().nullish(),
  email: z.string().nullish(),
});
const emailsSchema = z.array(z.object({ email: z.string(), primary: z.boolean(), verified: z.boolean() }));

/** GitHub, or an enterprise's own, as an OAuth app. */
export function gitHub(config: ControlPlaneConfig): Provider | undefined {
  const { githubClientId: clientId, githubClientSecret: secret, githubUrl } = config;
  if (clientId === '' || secret.reveal() === '') return undefined;
  // Its own class of the library knows github.com only.
  const client = (redirectUri: string) => new OAuth2Client(clientId, secret.reveal(), redirectUri);
  return {
    name: 'github',
    authorizationUrl: async ({ redirectUri, state, verifier }) =>
      client(redirectUri).createAuthorizationURLWithPKCE(
        new URL('/login/oauth/authorize', githubUrl).href,
        state,
        CodeChallengeMethod.S256,
        verifier,
        scopes,
      ),
    identify: async ({ code }, { redirectUri, verifier }, signal) => {
      const tokenUrl = new URL('/login/oauth/access_token', githubUrl).href;
      const exchange = client(redirectUri).validateAuthorizationCode(tokenUrl, code, verifier);
      const tokens = await abortable(exchange, signal);
      return await accountOf(apiOf(githubUrl), tokens.accessToken(), signal);
    },
  };
}

function apiOf(url: URL): string {
  return url.hostname === 'github.com' ? 'https://api.github.com' : new URL('/api/v3', url).href;
}

async function accountOf(api: string, token: string, signal: AbortSignal): Promise<ProviderAccount> {
  const ask = async (path: string): Promise<unknown> => {
    const response = await fetch(`${api}${path}`, {
      headers: {
        authorization: `Bearer ${token}`,
        accept: 'application/vnd.github+json',
        'user-agent': 'wrenn',
      },
      signal,
    });
    if (!response.ok) throw new Error(`GitHub answered ${response.status} to ${path}`);
    return await response.json();
  };
  const [user, emails] = await Promise.all([
    ask('/user').then((body) => userSchema.parse(body)),
    ask('/user/emails').then((body) => emailsSchema.parse(body)),
  ]);
  const verified = emails.filter((email) => email.verified);
  // The public one, if it is verified; else the primary one.
  const chosen = [
    ...verified.filter(({ email }) => email === user.email),
    ...verified.filter(({ primary }) => primary),
  ];
  return {
    subject: String(user.id),
    verifiedEmails: chosen.map(({ email }) => email),
    names: [user.name ?? '', user.login],
  };
}

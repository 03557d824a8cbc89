import { abortable } from '@wrenn/core';
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type Configuration,
  calculatePKCECodeChallenge,
  discovery,
  fetchUserInfo,
} from 'openid-client';
import { z } from 'zod';
import type { ControlPlaneConfig } from '../config.ts';
import type { Provider } from './provider.ts';

const timeoutSec = 10;
const claimsSchema = z.object({
  email: z.string().optional(),
  email_verified: z.boolean().optional(),
  name: z.string().optional(),
  preferred_username: z.string().optional(),
});

/** Any provider of OpenID Connect that describes itself below its issuer's address. */
export function openIdConnect(config: ControlPlaneConfig): Provider | undefined {
  const { oidcIssuer, oidcClientId: clientId, oidcClientSecret: secret } = config;
  if (oidcIssuer === '' || clientId === '' || secret.reveal() === '') return undefined;
  const issuer = new URL(oidcIssuer);
  let known: Promise<Configuration> | undefined;
  const configuration = async (signal: AbortSignal): Promise<Configuration> => {
    known ??= discovery(issuer, clientId, secret.reveal(), undefined, {
      timeout: timeoutSec,
      // Whoever sets up an issuer without TLS, as on the same machine, wants it so.
      execute: issuer.protocol === 'http:' ? [allowInsecureRequests] : [],
    });
    try {
      return await abortable(known, signal);
    } catch (thrown) {
      // It is asked again the next time.
      known = undefined;
      throw thrown;
    }
  };
  return {
    name: 'oidc',
    authorizationUrl: async ({ redirectUri, state, verifier, nonce }, signal) =>
      buildAuthorizationUrl(await configuration(signal), {
        redirect_uri: redirectUri,
        scope: 'openid email profile',
        state,
        nonce,
        code_challenge: await calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      }),
    identify: async ({ url }, { state, verifier, nonce }, signal) => {
      const server = await configuration(signal);
      const grant = authorizationCodeGrant(server, url, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      });
      const tokens = await abortable(grant, signal);
      const signed = tokens.claims();
      if (signed === undefined) throw new Error('the provider sent no ID token');
      const info =
        signed['email'] === undefined && server.serverMetadata().userinfo_endpoint !== undefined
          ? await abortable(fetchUserInfo(server, tokens.access_token, signed.sub), signal)
          : {};
      const claims = claimsSchema.parse({ ...signed, ...info });
      return {
        subject: signed.sub,
        verifiedEmails: claims.email !== undefined && claims.email_verified === true ? [claims.email] : [],
        names: [claims.name ?? '', claims.preferred_username ?? ''],
      };
    },
  };
}

import type { webcrypto } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { FakeAuthorization, formOf } from './fake-authorization.ts';

/** Claims of somebody. */
export interface FakeClaims {
  readonly sub: string;
  readonly [claim: string]: unknown;
}

/** A provider of OpenID Connect: it describes itself, and signs who somebody is. */
export class FakeOpenIdProvider extends FakeAuthorization<FakeClaims> {
  protected readonly authorizePath = '/authorize';
  /** Takes the place of what the ID token says. */
  forged: Readonly<Record<string, unknown>> = {};
  readonly #key: webcrypto.CryptoKey;
  readonly #jwk: JWK;

  constructor(key: webcrypto.CryptoKey, jwk: JWK) {
    super();
    this.#key = key;
    this.#jwk = jwk;
  }

  static async start(): Promise<FakeOpenIdProvider> {
    const { privateKey, publicKey } = await generateKeyPair('RS256');
    const jwk = { ...(await exportJWK(publicKey)), kid: 'fake', alg: 'RS256', use: 'sig' };
    return await new FakeOpenIdProvider(privateKey, jwk).listen();
  }

  protected async answer(request: IncomingMessage, { pathname }: URL): Promise<unknown> {
    if (pathname === '/.well-known/openid-configuration') return this.#description();
    if (pathname === '/keys') return { keys: [this.#jwk] };
    return pathname === '/token' ? this.#token(request) : undefined;
  }

  #description() {
    return {
      issuer: this.url,
      authorization_endpoint: `${this.url}/authorize`,
      token_endpoint: `${this.url}/token`,
      jwks_uri: `${this.url}/keys`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
      code_challenge_methods_supported: ['S256'],
    };
  }

  async #token(request: IncomingMessage): Promise<unknown> {
    const grant = this.redeem(request, await formOf(request));
    if (grant === undefined) return { error: 'invalid_grant' };
    const claims = {
      ...grant.person,
      nonce: grant.nonce,
      iss: this.url,
      aud: this.client.id,
      ...this.forged,
    };
    const idToken = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', kid: 'fake' })
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(this.#key);
    return { access_token: 'fake', token_type: 'bearer', id_token: idToken };
  }
}

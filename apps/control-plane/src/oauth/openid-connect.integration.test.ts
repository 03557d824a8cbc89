import type { TestDatabases } from '@wrenn/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  type AccountServer,
  accountDatabases,
  newAddress,
  startAccountServer,
} from '../users/testing/accounts.ts';
import { Browser } from '../users/testing/browser.ts';
import { type FakeClaims, FakeOpenIdProvider } from './testing/fake-openid-provider.ts';

const home = 'http://127.0.0.1:8080/auth/oidc/callback';

describe('a provider of OpenID Connect', () => {
  let databases: TestDatabases;
  let server: AccountServer;
  let provider: FakeOpenIdProvider;
  beforeAll(async () => {
    databases = await accountDatabases('18');
    provider = await FakeOpenIdProvider.start();
    server = await startAccountServer(databases, {
      OAUTH_OIDC_ISSUER: provider.url,
      OAUTH_OIDC_CLIENT_ID: provider.client.id,
      OAUTH_OIDC_CLIENT_SECRET: provider.client.secret,
    });
  });
  afterEach(() => {
    provider.forged = {};
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await provider?.[Symbol.asyncDispose]();
    await databases?.[Symbol.asyncDispose]();
  });

  const stranger = (more: object = {}): FakeClaims => ({
    sub: newAddress(),
    email: newAddress(),
    email_verified: true,
    name: 'Ida',
    ...more,
  });
  const through = async (browser: Browser, intent: string, person: FakeClaims): Promise<string> => {
    provider.consent = { person };
    const begun = await browser.get(`/auth/oauth/oidc?intent=${intent}`);
    const answer = await fetch(begun.location, { redirect: 'manual' });
    const back = new URL(answer.headers.get('location') ?? '');
    return (await browser.get(`${back.pathname}${back.search}`)).location;
  };

  test('is found by its description, and makes an account at a sign-up only', async () => {
    const browser = new Browser(server.url);
    const person = stranger();
    expect((await browser.get('/v1/auth/providers')).body).toEqual(['oidc']);
    expect(await through(browser, 'login', person)).toBe(`${home}?error=no_account`);
    expect(await through(browser, 'signup', person)).toBe(home);
    expect((await browser.get('/v1/me')).body).toMatchObject({
      name: 'Ida',
      email: person['email'],
      providers: ['oidc'],
    });
    expect(await through(new Browser(server.url), 'login', person)).toBe(home);
  });

  test('whose address is not verified makes none', async () => {
    const refused = `${home}?error=email_unverified`;
    expect(await through(new Browser(server.url), 'signup', stranger({ email_verified: false }))).toBe(
      refused,
    );
    expect(await through(new Browser(server.url), 'signup', stranger({ email_verified: undefined }))).toBe(
      refused,
    );
  });

  test.each([
    ['of another sign-in', { nonce: 'another' }],
    ['of another issuer', { iss: 'https://elsewhere.example' }],
    ['for another client', { aud: 'another' }],
  ])('a signed statement %s is refused', async (_what, forged) => {
    provider.forged = forged;
    expect(await through(new Browser(server.url), 'signup', stranger())).toBe(
      `${home}?error=exchange_failed`,
    );
  });
});

test('one that is not there is told as a failed exchange', async () => {
  await using databases = await accountDatabases('18');
  await using server = await startAccountServer(databases, {
    OAUTH_OIDC_ISSUER: 'http://127.0.0.1:1',
    OAUTH_OIDC_CLIENT_ID: 'fake',
    OAUTH_OIDC_CLIENT_SECRET: 'fake',
  });
  const { location } = await new Browser(server.url).get('/auth/oauth/oidc');
  expect(location).toBe(`${home}?error=exchange_failed`);
});

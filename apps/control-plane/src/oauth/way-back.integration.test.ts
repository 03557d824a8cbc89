import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeOnEachPostgres } from '../testing/on-each-postgres.ts';
import type { Browser } from '../users/testing/browser.ts';
import { GitHubVisits } from './testing/github-visits.ts';

describeOnEachPostgres('the way back from a provider', (version) => {
  let visits: GitHubVisits;
  beforeAll(async () => {
    visits = await GitHubVisits.start(version);
  });
  afterAll(() => visits?.[Symbol.asyncDispose]());

  const altered = async (
    alter: (browser: Browser, back: URL) => void | Promise<void>,
    intent: 'login' | 'signup' = 'login',
  ) => {
    const browser = visits.browser();
    const person = visits.stranger();
    await visits.through(visits.browser(), 'signup', person);
    const back = await visits.go(browser, intent, person);
    await alter(browser, back);
    const { location } = await browser.get(back.href);
    return new URL(location).searchParams.get('error');
  };
  const cookie = 'oauth_state';
  const payloadOf = (browser: Browser) => (browser.cookies.get(cookie) ?? '').split('.');

  test('unaltered leads in', async () => expect(await altered(() => undefined)).toBe(null));

  test('with another state, none, or a piece of one is refused', async () => {
    expect(await altered((_browser, { searchParams }) => searchParams.set('state', 'x'.repeat(43)))).toBe(
      'invalid_state',
    );
    expect(await altered((_browser, { searchParams }) => searchParams.delete('state'))).toBe('invalid_state');
    const cut = (_browser: Browser, { searchParams }: URL) =>
      searchParams.set('state', (searchParams.get('state') ?? '').slice(0, -1));
    expect(await altered(cut)).toBe('invalid_state');
  });

  test('with the intent altered in the cookie is refused', async () => {
    const forge = (browser: Browser) => {
      const [payload = '', signature] = payloadOf(browser);
      const text = Buffer.from(payload, 'base64url').toString().replace('"login"', '"signup"');
      browser.cookies.set(cookie, `${Buffer.from(text).toString('base64url')}.${signature}`);
    };
    expect(await altered(forge)).toBe('invalid_state');
  });

  test('with any byte of the cookie altered is refused', async () => {
    for (const share of [0, 0.3, 0.6, 0.95]) {
      const flip = (browser: Browser) => {
        const text = browser.cookies.get(cookie) ?? '';
        const at = Math.floor(text.length * share);
        browser.cookies.set(
          cookie,
          `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`,
        );
      };
      expect(await altered(flip)).toBe('invalid_state');
    }
  });

  test('without the cookie, or with that of another browser, is refused', async () => {
    expect(await altered((browser) => void browser.cookies.delete(cookie))).toBe('invalid_state');
    const swap = async (browser: Browser) => {
      const other = visits.browser();
      await other.get('/auth/oauth/github?intent=login');
      browser.cookies.set(cookie, other.cookies.get(cookie) ?? '');
    };
    expect(await altered(swap)).toBe('invalid_state');
  });

  test('with a code that is none, or without one, is refused', async () => {
    expect(await altered((_browser, { searchParams }) => searchParams.set('code', 'guessed'))).toBe(
      'exchange_failed',
    );
    expect(await altered((_browser, { searchParams }) => searchParams.delete('code'))).toBe('missing_code');
  });

  test('can be gone once, also by who kept the cookie', async () => {
    const person = visits.stranger();
    await visits.through(visits.browser(), 'signup', person);
    const browser = visits.browser();
    const back = await visits.go(browser, 'login', person);
    const kept = browser.cookies.get(cookie) ?? '';
    expect((await browser.get(back.href)).location).toBe(visits.home);
    expect(browser.cookies.has(cookie)).toBe(false);
    browser.cookies.set(cookie, kept);
    expect((await browser.get(back.href)).location).toBe(`${visits.home}?error=invalid_state`);
  });

  test('with the code of another browser is refused, since that has another verifier', async () => {
    const victim = visits.stranger();
    const caught = await visits.go(visits.browser(), 'signup', victim);
    const code = caught.searchParams.get('code') ?? '';
    expect(await altered((_browser, { searchParams }) => searchParams.set('code', code))).toBe(
      'exchange_failed',
    );
  });
});

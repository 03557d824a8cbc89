import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeOnEachPostgres } from '../testing/on-each-postgres.ts';
import { goodPassword, newAccount } from '../users/testing/accounts.ts';
import { codeOf } from '../users/testing/browser.ts';
import { GitHubVisits } from './testing/github-visits.ts';

describeOnEachPostgres('linking an account at GitHub', (version) => {
  let visits: GitHubVisits;
  beforeAll(async () => {
    visits = await GitHubVisits.start(version);
  });
  afterAll(() => visits?.[Symbol.asyncDispose]());

  test('leads to an account that can be signed in to by both', async () => {
    const { browser, email } = await newAccount(visits.server);
    const person = visits.stranger();
    const back = await visits.connect(browser, person);
    expect((await browser.get(back.href)).location).toBe(`${visits.settings}?connected=github`);
    expect((await browser.get('/v1/me')).body).toMatchObject({
      providers: ['github'],
      has_password: true,
    });
    const other = visits.browser();
    expect((await visits.through(other, 'login', person)).location).toBe(visits.home);
    expect((await other.get('/v1/me')).body).toMatchObject({ email });
  });

  test('done again changes nothing; what is linked elsewhere, or a second one, is refused', async () => {
    const { browser } = await newAccount(visits.server);
    const person = visits.stranger();
    await browser.get((await visits.connect(browser, person)).href);
    expect((await browser.get((await visits.connect(browser, person)).href)).location).toBe(
      `${visits.settings}?connected=github`,
    );
    expect((await browser.get((await visits.connect(browser, visits.stranger())).href)).location).toBe(
      `${visits.settings}?connect_error=already_linked`,
    );
    const { browser: second } = await newAccount(visits.server);
    expect((await second.get((await visits.connect(second, person)).href)).location).toBe(
      `${visits.settings}?connect_error=already_linked`,
    );
  });

  test('with a state that was altered is refused, on the page of settings', async () => {
    const { browser } = await newAccount(visits.server);
    const back = await visits.connect(browser, visits.stranger());
    back.searchParams.set('state', 'x');
    expect((await browser.get(back.href)).location).toBe(`${visits.settings}?connect_error=invalid_state`);
  });

  test('is bound to the session that began it: not when that has ended, nor in a browser of somebody else', async () => {
    const { browser } = await newAccount(visits.server);
    const back = await visits.connect(browser, visits.stranger());
    const flow = browser.cookies.get('oauth_state') ?? '';
    const { browser: mallory } = await newAccount(visits.server);
    mallory.cookies.set('oauth_state', flow);
    expect((await mallory.get(back.href)).location).toBe(`${visits.settings}?connect_error=invalid_state`);
    const again = await visits.connect(browser, visits.stranger());
    const kept = browser.cookies.get('oauth_state') ?? '';
    await browser.post('/v1/auth/logout');
    browser.cookies.set('oauth_state', kept);
    expect((await browser.get(again.href)).location).toBe(`${visits.settings}?connect_error=invalid_state`);
  });

  test('that was given up does not turn a later login into a link', async () => {
    const { browser, email } = await newAccount(visits.server);
    await browser.get('/v1/me/providers/github/connect');
    const person = visits.stranger();
    expect((await visits.through(browser, 'login', person)).location).toBe(`${visits.home}?error=no_account`);
    expect((await browser.get('/v1/me')).body).toMatchObject({ email, providers: [] });
  });

  test('can be undone, but for the last way to sign in', async () => {
    const { browser } = await newAccount(visits.server);
    await browser.get((await visits.connect(browser, visits.stranger())).href);
    expect((await browser.delete('/v1/me/providers/github')).status).toBe(204);
    expect(codeOf(await browser.delete('/v1/me/providers/github'))).toBe('not_found');
    const octo = visits.browser();
    await visits.through(octo, 'signup', visits.stranger());
    expect(codeOf(await octo.delete('/v1/me/providers/github'))).toBe('last_login_method');
    const added = { new_password: goodPassword, confirm_password: goodPassword };
    expect((await octo.post('/v1/me/password', added)).status).toBe(204);
    expect((await octo.delete('/v1/me/providers/github')).status).toBe(204);
  });

  test('needs a session', async () => {
    expect((await visits.browser().get('/v1/me/providers/github/connect')).status).toBe(401);
  });
});

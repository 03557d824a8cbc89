import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeOnEachPostgres } from '../testing/on-each-postgres.ts';
import { goodPassword, newAccount, newAddress } from '../users/testing/accounts.ts';
import { codeOf } from '../users/testing/browser.ts';
import { mailTo, tokenIn } from '../users/testing/mailbox.ts';
import type { FakeGitHubUser } from './testing/fake-github.ts';
import { addressOf, GitHubVisits } from './testing/github-visits.ts';

describeOnEachPostgres('signing in through GitHub', (version) => {
  let visits: GitHubVisits;
  beforeAll(async () => {
    visits = await GitHubVisits.start(version);
  });
  afterAll(() => visits?.[Symbol.asyncDispose]());

  const usersWith = async (email: string) =>
    await visits.server.controlPlane.context.database
      .selectFrom('users')
      .where('email', '=', email)
      .select(['status', 'is_admin'])
      .execute();

  test('is offered, and another provider is not', async () => {
    const browser = visits.browser();
    expect((await browser.get('/v1/auth/providers')).body).toEqual(['github']);
    expect(await browser.get('/auth/oauth/gitlab')).toMatchObject({
      status: 404,
      body: { error: { code: 'provider_not_found' } },
    });
  });

  test('a sign-up makes an account, signs in by a cookie that no script reads, and asks for the name', async () => {
    const browser = visits.browser();
    const person = visits.stranger({ name: 'Octo Cat' });
    const answer = await visits.through(browser, 'signup', person);
    expect(answer).toMatchObject({ status: 302, location: visits.home });
    const cookies = answer.headers.getSetCookie();
    expect(cookies.find((line) => line.startsWith('wrenn_session='))).toMatch(/HttpOnly/);
    expect(cookies.find((line) => line.startsWith('wrenn_oauth_new_signup=1'))).toMatch(
      /^wrenn_oauth_new_signup=1; Path=\/auth\/; Max-Age=60; SameSite=Lax$/,
    );
    expect((await browser.get('/v1/me')).body).toMatchObject({
      name: 'Octo Cat',
      email: addressOf(person),
      has_password: false,
      providers: ['github'],
      is_admin: false,
      role: 'owner',
    });
    expect((await browser.patch('/v1/me', { name: 'Octavia' })).status).toBe(200);
    expect((await browser.get('/v1/me')).body).toMatchObject({ name: 'Octavia' });
  });

  test('a login of somebody unknown makes no account', async () => {
    const person = visits.stranger();
    const answer = await visits.through(visits.browser(), 'login', person);
    expect(answer.location).toBe(`${visits.home}?error=no_account`);
    expect(await usersWith(addressOf(person))).toEqual([]);
  });

  test('a login of somebody known signs in, and asks for no name, also when their address changed', async () => {
    const person = visits.stranger();
    await visits.through(visits.browser(), 'signup', person);
    const browser = visits.browser();
    const answer = await visits.through(browser, 'login', { ...person, emails: [] });
    expect(answer.location).toBe(visits.home);
    expect(browser.cookies.has('wrenn_oauth_new_signup')).toBe(false);
    expect((await browser.get('/v1/me')).body).toMatchObject({ email: addressOf(person) });
  });

  test('a sign-up of somebody known is a login', async () => {
    const person = visits.stranger();
    await visits.through(visits.browser(), 'signup', person);
    expect((await visits.through(visits.browser(), 'signup', person)).location).toBe(visits.home);
    expect(await usersWith(addressOf(person))).toHaveLength(1);
  });

  test('of two sign-ups at once one makes the account, and both are signed in', async () => {
    const person = visits.stranger();
    const browsers = [visits.browser(), visits.browser()];
    const ways: URL[] = [];
    for (const browser of browsers) ways.push(await visits.go(browser, 'signup', person));
    const answers = await Promise.all(browsers.map((browser, index) => browser.get(ways[index]?.href ?? '')));
    expect(answers.map(({ location }) => location)).toEqual([visits.home, visits.home]);
    expect(await usersWith(addressOf(person))).toHaveLength(1);
  });

  test('an address that has an account is taken, and the account is not linked', async () => {
    const { email } = await newAccount(visits.server);
    const person = visits.stranger({ emails: [{ email, primary: true, verified: true }] });
    expect((await visits.through(visits.browser(), 'signup', person)).location).toBe(
      `${visits.home}?error=email_taken`,
    );
    expect((await visits.through(visits.browser(), 'login', person)).location).toBe(
      `${visits.home}?error=no_account`,
    );
  });

  test('takes over a sign-up that nobody confirmed, without its password', async () => {
    const email = newAddress();
    await visits.browser().post('/v1/auth/signup', { email, password: goodPassword, name: 'Mallory' });
    const link = tokenIn(await mailTo(visits.server.controlPlane, email, 'activation'));
    const person = visits.stranger({ emails: [{ email, primary: true, verified: true }] });
    expect((await visits.through(visits.browser(), 'signup', person)).location).toBe(visits.home);
    const other = visits.browser();
    expect(codeOf(await other.post('/v1/auth/login', { email, password: goodPassword }))).toBe(
      'unauthorized',
    );
    expect(codeOf(await other.post('/v1/auth/activate', { token: link }))).toBe('invalid_token');
  });

  test('takes the public address if it is verified, else the primary one, and never an unverified one', async () => {
    const [open, first, other] = [newAddress(), newAddress(), newAddress()];
    const signUp = async (person: FakeGitHubUser) => {
      const browser = visits.browser();
      const { location } = await visits.through(browser, 'signup', person);
      return location === visits.home ? (await browser.get('/v1/me')).body['email'] : location;
    };
    const primary = { email: first, primary: true, verified: true };
    const shown = { email: open, primary: false, verified: true };
    expect(await signUp(visits.stranger({ email: open, emails: [primary, shown] }))).toBe(open);
    expect(
      await signUp(
        visits.stranger({ email: other, emails: [primary, { ...shown, email: other, verified: false }] }),
      ),
    ).toBe(first);
    const unverified = visits.stranger({
      email: other,
      emails: [{ email: other, primary: true, verified: false }],
    });
    expect(await signUp(unverified)).toBe(`${visits.home}?error=email_unverified`);
  });

  test.each([
    ['<b>Octo</b>', '<b>Octo</b>'],
    ['a\u0000b', 'octo-login'],
    ['x'.repeat(5000), 'octo-login'],
    [null, 'octo-login'],
  ])('the name %j is suggested as %j', async (name, suggested) => {
    const browser = visits.browser();
    await visits.through(browser, 'signup', visits.stranger({ name, login: 'octo-login' }));
    expect((await browser.get('/v1/me')).body).toMatchObject({ name: suggested });
  });

  test('somebody who is disabled, or was deleted, does not get in', async () => {
    const person = visits.stranger();
    await visits.through(visits.browser(), 'signup', person);
    const { database } = visits.server.controlPlane.context;
    await database
      .updateTable('users')
      .set({ status: 'disabled' })
      .where('email', '=', addressOf(person))
      .execute();
    expect((await visits.through(visits.browser(), 'login', person)).location).toBe(
      `${visits.home}?error=account_deactivated`,
    );
    await database
      .updateTable('users')
      .set({ status: 'active' })
      .where('email', '=', addressOf(person))
      .execute();
    const browser = visits.browser();
    await visits.through(browser, 'login', person);
    expect((await browser.delete('/v1/me', { confirmation: addressOf(person) })).status).toBe(204);
    expect((await visits.through(browser, 'login', person)).location).toBe(`${visits.home}?error=no_account`);
    expect((await visits.through(browser, 'signup', person)).location).toBe(visits.home);
  });

  test('who refuses at GitHub is told so', async () => {
    const browser = visits.browser();
    const begun = await browser.get('/auth/oauth/github?intent=login');
    const back = await visits.consent(begun.location, { error: 'access_denied' });
    expect((await browser.get(back.href)).location).toBe(`${visits.home}?error=access_denied`);
  });

  test('a fault of the database is told as one', async () => {
    const browser = visits.browser();
    const back = await visits.go(browser, 'signup', visits.stranger());
    await sql`alter table identities rename to hidden`.execute(visits.server.controlPlane.context.database);
    try {
      expect((await browser.get(back.href)).location).toBe(`${visits.home}?error=db_error`);
    } finally {
      await sql`alter table hidden rename to identities`.execute(visits.server.controlPlane.context.database);
    }
  });
});

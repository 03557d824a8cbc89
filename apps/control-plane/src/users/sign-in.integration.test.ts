import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeOnEachPostgres } from '../testing/on-each-postgres.ts';
import { type Account, AccountTests, goodPassword, newAddress } from './testing/accounts.ts';
import { codeOf } from './testing/browser.ts';

describeOnEachPostgres('signing in', (version) => {
  let tests: AccountTests;
  let ada: Account;
  beforeAll(async () => {
    tests = await AccountTests.start(version);
    ada = await tests.account();
  });
  afterAll(() => tests?.[Symbol.asyncDispose]());
  const signIn = (email: string, password: string = goodPassword) =>
    tests.browser().post('/v1/auth/login', { email, password });
  const setStatus = (email: string, status: 'active' | 'inactive' | 'disabled') =>
    tests.context.database.updateTable('users').set({ status }).where('email', '=', email).execute();

  test('gives a token, and a cookie that no script reads and no other site sends', async () => {
    const browser = tests.browser();
    const answer = await browser.post('/v1/auth/login', { email: ada.email, password: goodPassword });
    expect(answer).toMatchObject({
      status: 200,
      body: { user_id: ada.userId, team_id: ada.teamId, email: ada.email, name: 'Ada', role: 'owner' },
    });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.getSetCookie()).toEqual([
      `wrenn_session=${String(answer.body['token'])}; Path=/; Max-Age=21600; SameSite=Lax; HttpOnly`,
    ]);
    expect((await browser.get('/v1/me')).status).toBe(200);
    const bearer = { authorization: `Bearer ${String(answer.body['token'])}` };
    expect((await tests.browser().send('GET', '/v1/me', undefined, bearer)).status).toBe(200);
  });

  test('is the same however the address is written', async () => {
    expect((await signIn(` ${ada.email.toUpperCase()} `)).status).toBe(200);
  });

  test('answers the same to a wrong password as to an address without an account', async () => {
    const wrong = await signIn(ada.email, 'a wrong password');
    const unknown = await signIn(newAddress(), 'a wrong password');
    expect(wrong).toMatchObject({ status: 401, body: { error: { code: 'unauthorized' } } });
    expect(unknown.body).toEqual(wrong.body);
    expect([...unknown.headers.keys()]).toEqual([...wrong.headers.keys()]);
  });

  test('is refused to who has no password, as a wrong one is', async () => {
    const { email } = await tests.account();
    await tests.context.database
      .updateTable('users')
      .set({ password_hash: null })
      .where('email', '=', email)
      .execute();
    expect(codeOf(await signIn(email, ''))).toBe('unauthorized');
    expect(codeOf(await signIn(email))).toBe('unauthorized');
  });

  test('tells of a state only to who knows the password', async () => {
    const { email } = await tests.account();
    await setStatus(email, 'disabled');
    expect(codeOf(await signIn(email))).toBe('account_disabled');
    expect(codeOf(await signIn(email, 'a wrong password'))).toBe('unauthorized');
    await setStatus(email, 'inactive');
    expect(codeOf(await signIn(email))).toBe('account_not_activated');
  });

  test('whoever is disabled while signed in is refused from the next request on', async () => {
    const { email, browser } = await tests.account();
    await setStatus(email, 'disabled');
    expect(codeOf(await browser.get('/v1/me'))).toBe('account_deactivated');
    await setStatus(email, 'active');
    expect((await browser.get('/v1/me')).status).toBe(200);
  });

  test('makes an outdated hash anew, and the password stays', async () => {
    const { email } = await tests.account();
    const outdated = '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4';
    const { database } = tests.context;
    const ofUser = () => database.selectFrom('users').where('email', '=', email).select('password_hash');
    await database.updateTable('users').set({ password_hash: outdated }).where('email', '=', email).execute();
    expect((await signIn(email, 'password')).status).toBe(200);
    expect((await ofUser().executeTakeFirstOrThrow()).password_hash).toMatch(/m=19456,t=2,p=1/);
    expect((await signIn(email, 'password')).status).toBe(200);
  });

  test('gives a team to who is in none any more', async () => {
    const { email, teamId } = await tests.account();
    await tests.context.database
      .updateTable('teams')
      .set({ deleted_at: new Date() })
      .where('slug', 'in', (query) =>
        query
          .selectFrom('memberships as member')
          .innerJoin('users as user', 'user.id', 'member.user_id')
          .innerJoin('teams as team', 'team.id', 'member.team_id')
          .where('user.email', '=', email)
          .select('team.slug'),
      )
      .execute();
    await tests.context.database
      .updateTable('memberships')
      .set({ is_default: false })
      .where('user_id', 'in', (query) => query.selectFrom('users').where('email', '=', email).select('id'))
      .execute();
    const { body } = await signIn(email);
    expect(body).toMatchObject({ team_id: expect.stringMatching(/^team-/), role: 'owner' });
    expect(body['team_id']).not.toBe(teamId);
    expect((await signIn(email)).body['team_id']).toBe(body['team_id']);
  });

  test.each([
    [{}, 'email'],
    [{ email: 'nobody', password: 'x' }, 'email'],
    [{ email: 'a@example.org' }, 'password'],
    [{ email: 'a@example.org', password: ['x'] }, 'password'],
    [{ email: 'a@example.org', password: 'x', more: 1 }, 'more'],
  ])('with %j is refused, and says which field it is', async (body, field) => {
    const answer = await tests.browser().post('/v1/auth/login', body);
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 'invalid_request', field } } });
  });

  test.each(["' or 1=1 --", 'x'.repeat(1024), '\u0000', '\ud800'])(
    'the password %j is wrong, and nothing else',
    async (password) => {
      expect(codeOf(await signIn(newAddress(), password))).toBe('unauthorized');
    },
  );

  test('and being refused are in the audit log of the platform', async () => {
    const { email, userId } = await tests.account();
    await signIn(email);
    await signIn(email, 'a wrong password');
    const rows = await tests.context.database
      .selectFrom('audit_entries')
      .where('resource_id', '=', userId)
      .where('resource_type', '=', 'user')
      .orderBy('number')
      .select(['action', 'status', 'personal'])
      .execute();
    expect(rows.map(({ action }) => action)).toEqual([
      'signup',
      'activate',
      'sign_in',
      'sign_in',
      'sign_in_refused',
    ]);
    expect(rows.at(-1)).toMatchObject({
      status: 'warning',
      personal: { email, address: expect.any(String) },
    });
  });
});

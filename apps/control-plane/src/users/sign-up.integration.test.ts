import type { TestDatabases } from '@wrenn/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeOnEachPostgres } from '../testing/on-each-postgres.ts';
import {
  type AccountServer,
  accountDatabases,
  goodPassword,
  newAccount,
  newAddress,
  startAccountServer,
} from './testing/accounts.ts';
import { Browser, codeOf } from './testing/browser.ts';
import { mailsTo, mailTo, tokenIn } from './testing/mailbox.ts';

describeOnEachPostgres('signing up', (version) => {
  let databases: TestDatabases;
  let server: AccountServer;
  beforeAll(async () => {
    databases = await accountDatabases(version);
    server = await startAccountServer(databases);
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await databases?.[Symbol.asyncDispose]();
  });
  const signUp = (email: string, more: object = {}) =>
    new Browser(server.url).post('/v1/auth/signup', {
      email,
      password: goodPassword,
      name: 'Ada',
      ...more,
    });
  const activate = (token: string) => new Browser(server.url).post('/v1/auth/activate', { token });
  const signIn = (email: string, password = goodPassword) =>
    new Browser(server.url).post('/v1/auth/login', { email, password });
  const mail = (email: string, kind: string, count?: number) =>
    mailTo(server.controlPlane, email, kind, count);

  test('leads by a mail to an account with a team of its own, signed in', async () => {
    const email = newAddress();
    expect(await signUp(email)).toMatchObject({ status: 201, body: { message: expect.any(String) } });
    const sent = await mail(email, 'activation');
    expect(sent.button?.url).toMatch(/^http:\/\/127\.0\.0\.1:8080\/activate\?token=[0-9a-f]{32}$/);
    const answer = await activate(tokenIn(sent));
    expect(answer).toMatchObject({
      status: 200,
      body: {
        token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
        user_id: expect.stringMatching(/^usr-/),
        team_id: expect.stringMatching(/^team-/),
        email,
        name: 'Ada',
        role: 'owner',
        is_admin: false,
      },
    });
    const { database } = server.controlPlane.context;
    const teams = await database
      .selectFrom('memberships as member')
      .innerJoin('teams as team', 'team.id', 'member.team_id')
      .innerJoin('users as user', 'user.id', 'member.user_id')
      .where('user.email', '=', email)
      .select(['team.name', 'member.role', 'member.is_default'])
      .execute();
    expect(teams).toEqual([{ name: "Ada's Team", role: 'owner', is_default: true }]);
  });

  test('does not make the first of all users an administrator', async () => {
    const { database } = server.controlPlane.context;
    const admins = await database.selectFrom('users').where('is_admin', '=', true).select('id').execute();
    expect(admins).toEqual([]);
  });

  test('is refused at sign-in, with the right password only, until the address is confirmed', async () => {
    const email = newAddress();
    await signUp(email);
    await mail(email, 'activation');
    expect(codeOf(await signIn(email))).toBe('account_not_activated');
    expect(codeOf(await signIn(email, 'another password'))).toBe('unauthorized');
  });

  test('answers the same whatever the address is, and tells who has it by mail', async () => {
    const [known, unconfirmed, unknown, disabled] = [
      (await newAccount(server)).email,
      newAddress(),
      newAddress(),
      (await newAccount(server)).email,
    ];
    await server.controlPlane.context.database
      .updateTable('users')
      .set({ status: 'disabled' })
      .where('email', '=', disabled)
      .execute();
    await signUp(unconfirmed);
    await mail(unconfirmed, 'activation');
    const answers: object[] = [];
    for (const email of [known, unconfirmed, unknown, disabled]) {
      const { status, body } = await signUp(email);
      answers.push({ status, body });
    }
    expect(answers.every((answer) => JSON.stringify(answer) === JSON.stringify(answers[0]))).toBe(true);
    expect((await mail(known, 'already_registered')).button?.url).toMatch(/\/login$/);
    await mail(unconfirmed, 'activation', 2);
    await mail(unknown, 'activation');
    expect((await mailsTo(server.controlPlane, disabled)).map(({ kind }) => kind)).toEqual(['activation']);
  });

  test('again voids the link before, and counts with its own name and password', async () => {
    const email = newAddress();
    await signUp(email, { password: 'the first password', name: 'First' });
    const first = await mail(email, 'activation');
    await signUp(email, { password: 'the second password', name: 'Second' });
    const second = await mail(email, 'activation', 2);
    expect(codeOf(await activate(tokenIn(first)))).toBe('invalid_token');
    expect((await activate(tokenIn(second))).body).toMatchObject({ name: 'Second' });
    expect(codeOf(await signIn(email, 'the first password'))).toBe('unauthorized');
    expect((await signIn(email, 'the second password')).status).toBe(200);
  });

  test('of two at once with one address makes one account', async () => {
    const email = newAddress();
    await Promise.all([signUp(email), signUp(email)]);
    await mail(email, 'activation', 2);
    const { database } = server.controlPlane.context;
    const rows = await database.selectFrom('users').where('email', '=', email).select('id').execute();
    expect(rows).toHaveLength(1);
  });

  test('a link can be used once', async () => {
    const email = newAddress();
    await signUp(email);
    const token = tokenIn(await mail(email, 'activation'));
    const answers = await Promise.all([activate(token), activate(token), activate(token)]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 400, 400]);
    expect(codeOf(await activate(token))).toBe('invalid_token');
  });

  test('a link is void after half an hour', async () => {
    const email = newAddress();
    await signUp(email);
    const token = tokenIn(await mail(email, 'activation'));
    await sql`update one_time_tokens set expires_at = now() - interval '1 second'`.execute(
      server.controlPlane.context.database,
    );
    expect(codeOf(await activate(token))).toBe('invalid_token');
  });

  test('a link to reset a password activates nothing', async () => {
    const { email } = await newAccount(server);
    await new Browser(server.url).post('/v1/me/password/reset', { email });
    const token = tokenIn(await mail(email, 'password_reset'));
    expect(codeOf(await activate(token))).toBe('invalid_token');
  });

  test('an account that became active otherwise is told apart from a link that is none', async () => {
    const email = newAddress();
    await signUp(email);
    const token = tokenIn(await mail(email, 'activation'));
    const { database } = server.controlPlane.context;
    await database.updateTable('users').set({ status: 'active' }).where('email', '=', email).execute();
    expect(codeOf(await activate(token))).toBe('already_activated');
  });

  test.each(['', 'nothing', '0'.repeat(32), "' or 1=1 --", 'x'.repeat(200)])(
    'the token %j is none',
    async (token) => {
      expect(codeOf(await activate(token))).toBe('invalid_token');
    },
  );

  test('tokens that are none are limited by where they come from', async () => {
    const browser = new Browser(server.url);
    const codes = [];
    for (let tries = 0; tries < 32; tries += 1) {
      codes.push(codeOf(await browser.post('/v1/auth/activate', { token: '0'.repeat(32) })));
    }
    expect(codes.slice(0, 30)).toEqual(Array.from({ length: 30 }, () => 'invalid_token'));
    expect(codes.slice(30)).toEqual(['rate_limited', 'rate_limited']);
  });

  test.each([
    ['name', ''],
    ['name', 'a\u0000b'],
    ['name', 'a\u001b[2Jb'],
    ['name', 'x'.repeat(101)],
    ['email', 'nobody'],
    ['email', '<img src=x>@example.org'],
    ['password', 'seven77'],
    ['password', 'x'.repeat(1025)],
  ])('with the %s %j is refused, and says which field it is', async (field, value) => {
    const answer = await signUp(newAddress(), { [field]: value });
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 'invalid_request', field } } });
  });

  test.each(['<script>alert(1)</script>', "Robert'); drop table users; --", '‮gnirts'.slice(1), '李 🦊'])(
    'the name %j comes back as it is',
    async (name) => {
      const { browser } = await newAccount(server, name);
      expect((await browser.get('/v1/me')).body).toMatchObject({ name });
    },
  );

  test('with a name of a megabyte is refused', async () => {
    const answer = await signUp(newAddress(), { name: 'x'.repeat(1024 * 1024) });
    expect(answer).toMatchObject({ status: 413, body: { error: { code: 'too_large' } } });
  });

  test('is limited by address, not more than ten an hour', async () => {
    const browser = new Browser(server.url);
    const body = () => ({ email: newAddress(), password: goodPassword, name: 'Ada' });
    for (let tries = 0; tries < 10; tries += 1) {
      expect((await browser.post('/v1/auth/signup', body())).status).toBe(201);
    }
    const refused = await browser.post('/v1/auth/signup', body());
    expect(codeOf(refused)).toBe('rate_limited');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  test('sends no more than five mails an hour to one address, and does not tell', async () => {
    const email = newAddress();
    for (let tries = 0; tries < 7; tries += 1) expect((await signUp(email)).status).toBe(201);
    await mail(email, 'activation', 5);
    await server.controlPlane.context.operations.idle();
    expect(await mailsTo(server.controlPlane, email)).toHaveLength(5);
  });
});

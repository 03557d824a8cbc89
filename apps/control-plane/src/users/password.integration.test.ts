import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeOnEachPostgres } from '../testing/on-each-postgres.ts';
import { AccountTests, goodPassword, newAddress } from './testing/accounts.ts';
import { codeOf } from './testing/browser.ts';
import { mailsTo, mailTo, tokenIn } from './testing/mailbox.ts';

const nextPassword = 'another good password';

describeOnEachPostgres('passwords', (version) => {
  let tests: AccountTests;
  beforeAll(async () => {
    tests = await AccountTests.start(version);
  });
  afterAll(() => tests?.[Symbol.asyncDispose]());
  const signIn = async (email: string, password: string) =>
    (await tests.browser().post('/v1/auth/login', { email, password })).status;
  const mail = (email: string, kind: string, count?: number) =>
    mailTo(tests.server.controlPlane, email, kind, count);

  describe('a change', () => {
    test('takes the current one, ends all other sessions, and is mailed', async () => {
      const { browser, email } = await tests.account();
      const other = await tests.signedIn(email);
      const change = { current_password: goodPassword, new_password: nextPassword };
      expect((await browser.post('/v1/me/password', change)).status).toBe(204);
      expect((await browser.get('/v1/me')).status).toBe(200);
      expect((await other.get('/v1/me')).status).toBe(401);
      expect([await signIn(email, goodPassword), await signIn(email, nextPassword)]).toEqual([401, 200]);
      await mail(email, 'password_changed');
    });

    test.each([{ current_password: 'a wrong password' }, {}, { confirm_password: nextPassword }])(
      'with %j is refused, and nothing is changed',
      async (body) => {
        const { browser, email } = await tests.account();
        const answer = await browser.post('/v1/me/password', { ...body, new_password: nextPassword });
        expect(answer).toMatchObject({ status: 401, body: { error: { code: 'wrong_password' } } });
        expect(await signIn(email, goodPassword)).toBe(200);
      },
    );

    test('is tried ten times at most', async () => {
      const { browser } = await tests.account();
      const body = { current_password: 'a wrong password', new_password: nextPassword };
      for (let tries = 0; tries < 10; tries += 1) await browser.post('/v1/me/password', body);
      const right = { current_password: goodPassword, new_password: nextPassword };
      expect(codeOf(await browser.post('/v1/me/password', right))).toBe('rate_limited');
    });

    test('voids a link to reset it', async () => {
      const { browser, email } = await tests.account();
      await tests.browser().post('/v1/me/password/reset', { email });
      const token = tokenIn(await mail(email, 'password_reset'));
      const change = { current_password: goodPassword, new_password: nextPassword };
      await browser.post('/v1/me/password', change);
      const confirmed = await tests
        .browser()
        .post('/v1/me/password/reset/confirm', { token, new_password: 'taken over' });
      expect(codeOf(confirmed)).toBe('invalid_token');
    });

    test('to one that cannot be chosen is refused', async () => {
      const { browser } = await tests.account();
      const change = { current_password: goodPassword, new_password: 'seven77' };
      expect((await browser.post('/v1/me/password', change)).body).toMatchObject({
        error: { field: 'new_password' },
      });
    });
  });

  test('an account without one gets one when it is said twice', async () => {
    const { browser, email } = await tests.account();
    const { database } = tests.context;
    await database.updateTable('users').set({ password_hash: null }).where('email', '=', email).execute();
    const add = (confirmation: string) =>
      browser.post('/v1/me/password', { new_password: nextPassword, confirm_password: confirmation });
    expect((await add('something else')).body).toMatchObject({ error: { field: 'confirm_password' } });
    expect((await add(nextPassword)).status).toBe(204);
    expect(await signIn(email, nextPassword)).toBe(200);
    await mail(email, 'password_added');
  });

  describe('a reset', () => {
    const request = (email: unknown) => tests.browser().post('/v1/me/password/reset', { email });
    const confirm = (token: string, password = nextPassword) =>
      tests.browser().post('/v1/me/password/reset/confirm', { token, new_password: password });

    test('by a link from a mail gives a new password, ends all sessions, and is mailed', async () => {
      const { browser, email } = await tests.account();
      expect((await request(email)).status).toBe(204);
      const sent = await mail(email, 'password_reset');
      expect(sent.button?.url).toMatch(/\/reset-password\?token=[0-9a-f]{32}$/);
      expect((await confirm(tokenIn(sent))).status).toBe(204);
      expect((await browser.get('/v1/me')).status).toBe(401);
      expect([await signIn(email, goodPassword), await signIn(email, nextPassword)]).toEqual([401, 200]);
      await mail(email, 'password_reset', 2);
    });

    test('is answered the same for an address without an account, for a disabled one, and for none', async () => {
      const { email } = await tests.account();
      const { database, operations } = tests.context;
      await database.updateTable('users').set({ status: 'disabled' }).where('email', '=', email).execute();
      const unknown = newAddress();
      for (const address of [email, unknown, 'nobody', 17, null, ['x']]) {
        const answer = await request(address);
        expect(answer).toMatchObject({ status: 204, body: {} });
      }
      await operations.idle();
      expect(await mailsTo(tests.server.controlPlane, unknown)).toEqual([]);
      expect((await mailsTo(tests.server.controlPlane, email)).map(({ kind }) => kind)).toEqual([
        'activation',
      ]);
    });

    test('link is good once, for fifteen minutes, and until the next one', async () => {
      const { email } = await tests.account();
      await request(email);
      const first = tokenIn(await mail(email, 'password_reset'));
      await request(email);
      const second = tokenIn(await mail(email, 'password_reset', 2));
      expect(codeOf(await confirm(first))).toBe('invalid_token');
      const answers = await Promise.all([confirm(second), confirm(second)]);
      expect(answers.map(({ status }) => status).toSorted()).toEqual([204, 400]);
      await request(email);
      const third = tokenIn(await mail(email, 'password_reset', 4));
      await sql`update one_time_tokens set expires_at = now() - interval '1 second'`.execute(
        tests.context.database,
      );
      expect(codeOf(await confirm(third))).toBe('invalid_token');
    });

    test('with a password that cannot be chosen is refused, and the link stays good', async () => {
      const { email } = await tests.account();
      await request(email);
      const token = tokenIn(await mail(email, 'password_reset'));
      expect((await confirm(token, 'seven77')).body).toMatchObject({ error: { field: 'new_password' } });
      expect((await confirm(token)).status).toBe(204);
    });

    test('lets in whom strangers have kept out', async () => {
      const { email } = await tests.account();
      for (let tries = 0; tries < 12; tries += 1) await signIn(email, 'a wrong password');
      expect(await signIn(email, goodPassword)).toBe(429);
      await request(email);
      await confirm(tokenIn(await mail(email, 'password_reset')));
      expect(await signIn(email, nextPassword)).toBe(200);
    });

    test('mails are limited by where they are asked for, and by whom they are for', async () => {
      const { email } = await tests.account();
      for (let tries = 0; tries < 8; tries += 1) expect((await request(email)).status).toBe(204);
      await tests.context.operations.idle();
      const sent = await mailsTo(tests.server.controlPlane, email);
      expect(sent.filter(({ kind }) => kind === 'password_reset').length).toBeLessThanOrEqual(5);
      const browser = tests.browser();
      const codes = [];
      for (let tries = 0; tries < 21; tries += 1) {
        codes.push((await browser.post('/v1/me/password/reset', { email: newAddress() })).status);
      }
      expect(codes.slice(0, 20).every((status) => status === 204)).toBe(true);
      expect(codes.at(-1)).toBe(429);
    });
  });
});

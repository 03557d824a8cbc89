import { parseId, uuidFromId } from '@wrenn/core';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chainKey } from '../audit/digest.ts';
import { verifyChains } from '../audit/verify.ts';
import { describeOnEachPostgres } from '../testing/on-each-postgres.ts';
import { purgeAccounts } from './purge-accounts.ts';
import { type Account, AccountTests, goodPassword } from './testing/accounts.ts';
import { codeOf } from './testing/browser.ts';
import { mailTo } from './testing/mailbox.ts';

describeOnEachPostgres("one's own account", (version) => {
  let tests: AccountTests;
  beforeAll(async () => {
    tests = await AccountTests.start(version);
  });
  afterAll(() => tests?.[Symbol.asyncDispose]());
  const purge = () => purgeAccounts(tests.context, new AbortController().signal);
  const remove = ({ browser, email }: Account) => browser.delete('/v1/me', { confirmation: email });
  const rowsOf = async ({ userId }: Account) =>
    await tests.context.database
      .selectFrom('users')
      .where('id', '=', uuidFromId(parseId('user', userId)))
      .selectAll()
      .execute();

  test('says who one is, and how one signs in', async () => {
    const { browser, email, userId, teamId } = await tests.account();
    expect((await browser.get('/v1/me')).body).toEqual({
      user_id: userId,
      name: 'Ada',
      email,
      has_password: true,
      providers: [],
      team_id: teamId,
      role: 'owner',
      is_admin: false,
    });
  });

  test.each(['', ' ', 'a\u0000b', 'a\nb', 'x'.repeat(101), 7, null])('cannot be called %j', async (name) => {
    const { browser } = await tests.account();
    expect((await browser.patch('/v1/me', { name })).body).toMatchObject({ error: { field: 'name' } });
  });

  test('a new name is in the audit log, and the same one again is not', async () => {
    const { browser, userId } = await tests.account();
    await browser.patch('/v1/me', { name: '<b>Ada</b>' });
    await browser.patch('/v1/me', { name: '<b>Ada</b>' });
    const rows = await tests.context.database
      .selectFrom('audit_entries')
      .where('resource_id', '=', userId)
      .where('action', '=', 'rename')
      .select('personal')
      .execute();
    expect(rows).toMatchObject([{ personal: { from: 'Ada', to: '<b>Ada</b>' } }]);
  });

  describe('deleting it', () => {
    test('takes its address, written out', async () => {
      const { browser } = await tests.account();
      for (const confirmation of ['', 'yes', 'somebody@example.org']) {
        expect((await browser.delete('/v1/me', { confirmation })).body).toMatchObject({
          error: { field: 'confirmation' },
        });
      }
      expect((await browser.delete('/v1/me')).status).toBe(400);
      expect((await browser.get('/v1/me')).status).toBe(200);
    });

    test('ends its sessions, its teams with their capsules, and the keys that it made; a mail says so', async () => {
      const ada = await tests.account();
      const other = await tests.signedIn(ada.email);
      const { key } = (await ada.browser.post('/v1/api-keys', { name: 'mine' })).body;
      const made = await ada.browser.post('/v1/capsules', {});
      expect(made.status).toBe(201);
      expect(tests.server.agent.capsules.has(String(made.body['id']))).toBe(true);
      expect((await remove(ada)).status).toBe(204);
      expect(tests.server.agent.capsules.has(String(made.body['id']))).toBe(false);
      for (const browser of [ada.browser, other]) expect((await browser.get('/v1/me')).status).toBe(401);
      const withKey = await tests
        .browser()
        .send('GET', '/v1/capsules', undefined, { 'x-api-key': String(key) });
      expect(withKey.status).toBe(401);
      expect(
        codeOf(await tests.browser().post('/v1/auth/login', { email: ada.email, password: goodPassword })),
      ).toBe('unauthorized');
      await mailTo(tests.server.controlPlane, ada.email, 'account_deleted');
    });

    test('revokes keys that it made for teams of others', async () => {
      const [ada, bob] = [await tests.account(), await tests.account('Bob')];
      await join(bob, ada.teamId);
      await bob.browser.post('/v1/auth/switch-team', { team_id: ada.teamId });
      const { key } = (await bob.browser.post('/v1/api-keys', { name: 'for the team' })).body;
      const ask = () => tests.browser().send('GET', '/v1/capsules', undefined, { 'x-api-key': String(key) });
      expect((await ask()).status).toBe(200);
      expect((await remove(bob)).status).toBe(204);
      expect((await ask()).status).toBe(401);
      expect((await ada.browser.get('/v1/me')).body).toMatchObject({ team_id: ada.teamId });
    });

    test('is refused while others are in a team that it owns, and changes nothing', async () => {
      const [ada, bob] = [await tests.account(), await tests.account('Bob')];
      await join(bob, ada.teamId);
      const answer = await remove(ada);
      expect(answer).toMatchObject({ status: 409, body: { error: { code: 'owns_team_with_members' } } });
      expect((await ada.browser.get('/v1/me')).status).toBe(200);
      expect((await ada.browser.delete(`/v1/teams/${ada.teamId}`)).status).toBe(204);
      expect((await remove(ada)).status).toBe(204);
    });

    test('frees its address at once', async () => {
      const ada = await tests.account();
      await remove(ada);
      const browser = tests.browser();
      await browser.post('/v1/auth/signup', {
        email: ada.email,
        password: goodPassword,
        name: 'Ada again',
      });
      const mail = await mailTo(tests.server.controlPlane, ada.email, 'activation', 2);
      const token = new URL(mail.button?.url ?? '').searchParams.get('token');
      const { status, body } = await browser.post('/v1/auth/activate', { token });
      expect(status).toBe(200);
      expect(body['user_id']).not.toBe(ada.userId);
    });

    test('removes what is personal after fifteen days, and the audit log still verifies', async () => {
      const ada = await tests.account('Ada Lovelace');
      await remove(ada);
      await purge();
      expect(await rowsOf(ada)).toMatchObject([{ status: 'deleted', password_hash: null, is_admin: false }]);
      const { database, secrets } = tests.context;
      await sql`update users set deleted_at = deleted_at - interval '15 days'`.execute(database);
      await purge();
      expect(await rowsOf(ada)).toEqual([]);
      const entries = await database.selectFrom('audit_entries').selectAll().execute();
      expect(JSON.stringify(entries)).not.toContain(ada.email);
      expect(JSON.stringify(entries)).not.toContain('Lovelace');
      expect(entries.filter(({ actor_id: id }) => id === ada.userId)).toEqual([]);
      expect(entries.some(({ actor_name: name }) => name === 'deleted-user')).toBe(true);
      expect(entries.some(({ action }) => action === 'purge')).toBe(true);
      expect(
        await verifyChains(database, chainKey(secrets.audit), { team: undefined, seen: () => undefined }),
      ).toMatchObject({ wrong: 0 });
      await mailTo(tests.server.controlPlane, ada.email, 'account_purged');
    });
  });

  test('rows that mean nothing any more go, and those that do stay', async () => {
    const ada = await tests.account();
    const { database, limits } = tests.context;
    await limits.take('search-user', 'somebody');
    await sql`insert into one_time_tokens (hash, purpose, user_id, expires_at) values (repeat('0', 64), 'activation', ${uuidFromId(parseId('user', ada.userId))}, now() - interval '1 minute')`.execute(
      database,
    );
    await sql`insert into users (id, email, name, status, updated_at) values (gen_random_uuid(), 'old@example.org', 'Old', 'inactive', now() - interval '8 days')`.execute(
      database,
    );
    await sql`update rate_limits set expire = 1 where key like 'search-user%'`.execute(database);
    await purge();
    expect(
      await database
        .selectFrom('one_time_tokens')
        .where('hash', '=', '0'.repeat(64))
        .select('hash')
        .execute(),
    ).toEqual([]);
    expect(
      await database.selectFrom('users').where('email', '=', 'old@example.org').select('id').execute(),
    ).toEqual([]);
    const { rows } = await sql`select key from rate_limits where key like 'search-user%'`.execute(database);
    expect(rows).toEqual([]);
    expect((await ada.browser.get('/v1/me')).status).toBe(200);
  });

  /** Makes somebody a member of a team, as a row: how one joins is not what is tested. */
  async function join({ userId }: Account, teamId: string): Promise<void> {
    await tests.context.database
      .insertInto('memberships')
      .values({
        team_id: uuidFromId(parseId('team', teamId)),
        user_id: uuidFromId(parseId('user', userId)),
        role: 'member',
      })
      .execute();
  }
});

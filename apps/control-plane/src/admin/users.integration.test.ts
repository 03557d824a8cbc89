import { newId, type UserId, uuidFromId } from '@wrenn/core';
import { FakeStateHost } from '@wrenn/testkit';
import { sql } from 'kysely';
import { beforeAll, expect, test } from 'vitest';
import { Rest } from '../snapshots/testing/rest.ts';
import { insertMember } from '../teams/members.ts';
import { type Person, person, signIn } from '../teams/testing/people.ts';
import { describeOnPostgres } from '../testing/test-on-postgres.ts';
import { platformUuid } from './platform.ts';
import { newEntries } from './testing/new-entries.ts';

const refused = (status: number, code: string) => ({ status, body: { error: { code } } });

describeOnPostgres(
  'administration of accounts',
  { startAgent: (tls) => FakeStateHost.start(tls) },
  (server) => {
    let root: Person;
    beforeAll(async () => {
      root = await someone('Root', { isAdmin: true });
    });

    const database = () => server().controlPlane.context.database;
    const someone = (name: string, also: { isAdmin?: boolean; email?: string } = {}) =>
      person(server().controlPlane, name, also);
    const written = (work: () => Promise<unknown>, team = platformUuid) => newEntries(database(), team, work);
    const setActive = (id: UserId, active: boolean) =>
      root.rest.ask('PUT', `/admin/users/${id}/active`, { active });
    const setAdmin = (id: UserId, admin: boolean) =>
      root.rest.ask('PUT', `/admin/users/${id}/admin`, { admin });
    const markDeleted = (id: UserId, days: number) =>
      database()
        .updateTable('users')
        .set({ status: 'deleted', deleted_at: sql<Date>`now() - make_interval(days => ${sql.lit(days)})` })
        .where('id', '=', uuidFromId(id))
        .execute();

    test('the list of accounts has their state and their teams', async () => {
      const ann = await someone('Ann');
      await insertMember(database(), root.teamId, ann.id, 'admin');
      const { body } = await root.rest.ask('GET', '/admin/users');
      expect(body).toMatchObject({ page: 1, per_page: 100 });
      const users = body?.['users'] as { id: string }[];
      expect(users.find(({ id }) => id === ann.id)).toEqual({
        id: ann.id,
        email: ann.email,
        name: 'Ann',
        is_admin: false,
        status: 'active',
        created_at: expect.stringMatching(/Z$/),
        teams_joined: 2,
        teams_owned: 1,
      });
      expect(JSON.stringify(body)).not.toContain('password');
    });

    test('accounts are found by a part of their name or address, or by how their ID begins', async () => {
      const [una, other] = [await someone('Una'), await someone('Other')];
      const found = async (q: string) => {
        const { users, total } = await root.rest.get('GET', `/admin/users?q=${encodeURIComponent(q)}`);
        const ids = (users as { id: string }[]).map(({ id }) => id);
        expect(total).toBe(ids.length);
        return ids;
      };
      expect(await found(' uNa ')).toEqual([una.id]);
      expect(await found(other.email.toUpperCase())).toEqual([other.id]);
      expect(await found(una.id.slice(0, 14))).toEqual([una.id]);
      expect(await found('nobody is called so')).toEqual([]);
    });

    test('who is disabled is out at once, with the keys they made and the capsules of their teams', async () => {
      const [ann, bob] = [await someone('Ann'), await someone('Bob')];
      await insertMember(database(), bob.teamId, ann.id, 'member');
      const inBobs = await signIn(server().controlPlane, ann, bob.teamId);
      const [hers, inHis] = [
        await ann.rest.get('POST', '/api-keys', {}),
        await inBobs.rest.get('POST', '/api-keys', {}),
      ];
      const bobs = await bob.rest.get('POST', '/api-keys', {});
      const [capsule, bobsCapsule] = [await ann.rest.capsule(), await bob.rest.capsule()];

      const onPlatform = await written(() => setActive(ann.id, false));
      expect(onPlatform).toEqual([{ what: 'user deactivate', scope: 'admin', on: ann.id, by: root.id }]);

      for (const { rest } of [ann, inBobs]) {
        expect([401, 403]).toContain((await rest.ask('GET', '/capsules')).status);
        expect([401, 403]).toContain((await rest.ask('GET', '/teams')).status);
      }
      const statusOf = async (key: unknown) =>
        (await new Rest(server().url, String(key)).ask('GET', '/capsules')).status;
      expect([
        await statusOf(hers['key']),
        await statusOf(inHis['key']),
        await statusOf(bobs['key']),
      ]).toEqual([401, 401, 200]);
      expect(server().agent.capsules.has(capsule)).toBe(false);
      expect(server().agent.capsules.has(bobsCapsule)).toBe(true);
      expect(await written(() => setActive(ann.id, false))).toEqual([]);
    });

    test('who is enabled again can sign in, and their sessions of before stay over', async () => {
      const ann = await someone('Ann');
      await setActive(ann.id, false);
      const onPlatform = await written(() => setActive(ann.id, true));
      expect(onPlatform).toEqual([{ what: 'user activate', scope: 'admin', on: ann.id, by: root.id }]);
      expect((await ann.rest.ask('GET', '/teams')).status).toBe(401);
      const again = await signIn(server().controlPlane, ann, ann.teamId);
      expect((await again.rest.ask('GET', '/teams')).status).toBe(200);
      expect(await written(() => setActive(ann.id, true))).toEqual([]);
    });

    test('an account that was deleted comes back within its time of grace, if its address is free', async () => {
      const [ann, bob, cid] = [await someone('Ann'), await someone('Bob'), await someone('Cid')];
      await markDeleted(ann.id, 14);
      await markDeleted(bob.id, 16);
      await markDeleted(cid.id, 1);
      await someone('Cid', { email: cid.email });
      expect((await setActive(ann.id, true)).status).toBe(204);
      expect((await signIn(server().controlPlane, ann, ann.teamId)).token).toBeDefined();
      expect(await setActive(bob.id, true)).toMatchObject(refused(404, 'not_found'));
      expect(await setActive(cid.id, true)).toMatchObject(refused(409, 'conflict'));
      expect(await setActive(cid.id, false)).toMatchObject(refused(404, 'not_found'));
      expect(await setActive(newId('user'), true)).toMatchObject(refused(404, 'not_found'));
    });

    test('administration is granted and revoked, and counts from the next request on', async () => {
      const ann = await someone('Ann');
      expect(await ann.rest.ask('GET', '/admin/users')).toMatchObject(refused(403, 'forbidden'));
      const entry = { scope: 'admin', on: ann.id, by: root.id };
      expect(await written(() => setAdmin(ann.id, true))).toEqual([{ what: 'user grant_admin', ...entry }]);
      expect(await written(() => setAdmin(ann.id, true))).toEqual([]);
      expect((await ann.rest.ask('GET', '/admin/users')).status).toBe(200);
      expect(await written(() => setAdmin(ann.id, false))).toEqual([{ what: 'user revoke_admin', ...entry }]);
      expect(await ann.rest.ask('GET', '/admin/users')).toMatchObject(refused(403, 'forbidden'));
    });

    test('nobody does it to themselves, and who cannot sign in is made no administrator', async () => {
      expect(await setAdmin(root.id, false)).toMatchObject(refused(400, 'invalid_request'));
      expect(await setActive(root.id, false)).toMatchObject(refused(400, 'invalid_request'));
      const ann = await someone('Ann');
      await setActive(ann.id, false);
      expect(await setAdmin(ann.id, true)).toMatchObject(refused(409, 'invalid_state'));
      expect(await setAdmin(newId('user'), true)).toMatchObject(refused(404, 'not_found'));
    });

    test('of two administrators who remove each other, one is left', async () => {
      for (const [what, body] of [
        ['admin', { admin: false }],
        ['active', { active: false }],
      ] as const) {
        const [ann, bob] = [await someone('Ann', { isAdmin: true }), await someone('Bob', { isAdmin: true })];
        const answers = await Promise.all([
          ann.rest.ask('PUT', `/admin/users/${bob.id}/${what}`, body),
          bob.rest.ask('PUT', `/admin/users/${ann.id}/${what}`, body),
        ]);
        expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
      }
    });
  },
);

import { newId, uuidFromId, zeroId } from '@wrenn/core';
import { FakeStateHost } from '@wrenn/testkit';
import { sql } from 'kysely';
import { beforeAll, expect, test } from 'vitest';
import { insertMember } from '../teams/members.ts';
import { type Person, person } from '../teams/testing/people.ts';
import { describeOnPostgres } from '../testing/test-on-postgres.ts';
import { platformUuid } from './platform.ts';
import { newEntries } from './testing/new-entries.ts';

const idsOf = (list: unknown) => (list as { id: string }[]).map(({ id }) => id);
const refused = (status: number, code: string) => ({ status, body: { error: { code } } });

describeOnPostgres('administration of teams', { startAgent: (tls) => FakeStateHost.start(tls) }, (server) => {
  let root: Person;
  beforeAll(async () => {
    root = await someone('Root', { isAdmin: true });
  });

  const database = () => server().controlPlane.context.database;
  const someone = (name: string, also: { isAdmin?: boolean; email?: string } = {}) =>
    person(server().controlPlane, name, also);
  const written = (work: () => Promise<unknown>, team = platformUuid) => newEntries(database(), team, work);
  test('the list of teams has who owns them and what is in them, deleted ones too', async () => {
    const ann = await someone('Ann');
    await insertMember(database(), ann.teamId, root.id, 'member');
    await ann.rest.capsule();
    const gone = String((await ann.rest.get('POST', '/teams', { name: 'Gone' }))['id']);
    await ann.rest.get('DELETE', `/teams/${gone}`);
    const { body } = await root.rest.ask('GET', '/admin/teams');
    expect(body).toMatchObject({ page: 1, per_page: 100, total_pages: 1, total: expect.any(Number) });
    const teams = body?.['teams'] as { id: string }[];
    expect(teams.find(({ id }) => id === ann.teamId)).toEqual({
      id: ann.teamId,
      name: "Ann's Team",
      slug: expect.any(String),
      is_byoc: false,
      created_at: expect.stringMatching(/Z$/),
      member_count: 2,
      owner_name: 'Ann',
      owner_email: ann.email,
      active_sandbox_count: 1,
      channel_count: 0,
    });
    expect(teams.find(({ id }) => id === gone)).toMatchObject({ deleted_at: expect.any(String) });
    expect(teams.map(({ id }) => id)).not.toContain(zeroId('team'));
  });

  test('teams are found by a part of their name, slug or owner, or by how their ID begins', async () => {
    const una = await someone('Una 100%_sure');
    const found = async (q: string) =>
      idsOf((await root.rest.ask('GET', `/admin/teams?q=${encodeURIComponent(q)}`)).body?.['teams']);
    const { body } = await root.rest.ask('GET', '/admin/teams?q=UNA+100');
    expect(body).toMatchObject({ total: 1, total_pages: 1, teams: [{ id: una.teamId }] });
    expect(await found(una.email)).toEqual([una.teamId]);
    expect(await found(una.teamId.slice(0, 14))).toEqual([una.teamId]);
    // No character of it stands for another.
    expect(await found('0%_s')).toEqual([una.teamId]);
    expect(await found('una_100')).toEqual([]);
    expect((await root.rest.ask('GET', `/admin/teams?q=${'x'.repeat(101)}`)).status).toBe(400);
  });

  test('lists come a hundred at a time', async () => {
    await sql`insert into teams (id, name, slug, created_at)
        select gen_random_uuid(), 'Many', 'many-' || n, '2020-01-01' from generate_series(1, 101) n`.execute(
      database(),
    );
    const pages = await Promise.all(
      [1, 2, 3].map(async (page) => (await root.rest.ask('GET', `/admin/teams?page=${page}`)).body),
    );
    const ids = pages.map((page) => idsOf(page?.['teams']));
    expect(ids[0]).toHaveLength(100);
    expect(new Set(ids.flat()).size).toBe(pages[0]?.['total']);
    expect(ids[2]).toEqual([]);
    expect((await root.rest.ask('GET', '/admin/teams?page=0')).status).toBe(400);
  });

  test('a team gets hosts of its own for good, which both logs say once', async () => {
    const ann = await someone('Ann');
    const path = `/admin/teams/${ann.teamId}/byoc`;
    const turnOn = () => root.rest.get('PUT', path, { enabled: true });
    const entry = { what: 'team set_byoc', scope: 'admin', on: ann.teamId, by: root.id };
    let inTeam: object[] = [];
    const onPlatform = await written(async () => {
      inTeam = await written(turnOn, uuidFromId(ann.teamId));
    });
    expect([onPlatform, inTeam]).toEqual([[entry], [entry]]);
    expect(await written(turnOn)).toEqual([]);
    expect(await root.rest.ask('PUT', path, { enabled: false })).toMatchObject(
      refused(400, 'invalid_request'),
    );
    expect(await ann.rest.ask('POST', '/capsules', {})).toMatchObject(refused(503, 'no_hosts_available'));
  });

  test('a team is deleted whole, which both logs say once', async () => {
    const ann = await someone('Ann');
    const capsule = await ann.rest.capsule();
    const onPlatform = await written(() => root.rest.get('DELETE', `/admin/teams/${ann.teamId}`));
    expect(onPlatform).toEqual([{ what: 'team delete', scope: 'admin', on: ann.teamId, by: root.id }]);
    expect(server().agent.capsules.has(capsule)).toBe(false);
    expect(await ann.rest.ask('GET', '/capsules')).toMatchObject(refused(403, 'no_team'));
    for (const id of [ann.teamId, newId('team')]) {
      expect(await root.rest.ask('DELETE', `/admin/teams/${id}`)).toMatchObject(refused(404, 'not_found'));
      expect(await root.rest.ask('PUT', `/admin/teams/${id}/byoc`, { enabled: true })).toMatchObject(
        refused(404, 'not_found'),
      );
    }
  });

  test('the team of the platform itself stays as it is', async () => {
    const id = zeroId('team');
    expect(await root.rest.ask('DELETE', `/admin/teams/${id}`)).toMatchObject(refused(403, 'forbidden'));
    expect(await root.rest.ask('PUT', `/admin/teams/${id}/byoc`, { enabled: true })).toMatchObject(
      refused(403, 'forbidden'),
    );
  });
});

import { type CapsuleState, idFromUuid, newId, type TeamId, uuidFromId } from '@wrenn/core';
import { FakeHostAgent } from '@wrenn/testkit';
import { sql } from 'kysely';
import { beforeAll, expect, test } from 'vitest';
import { type Person, person } from '../teams/testing/people.ts';
import { describeOnPostgres } from '../testing/test-on-postgres.ts';

interface Listed {
  readonly id: string;
  readonly status: CapsuleState;
  readonly template: string;
}

describeOnPostgres('the list', { startAgent: (tls) => FakeHostAgent.start(tls) }, (server) => {
  let ann: Person;
  /** Of a host that never answers, so that its rows stay as they are. */
  const host = uuidFromId(newId('host'));
  beforeAll(async () => {
    await database()
      .insertInto('hosts')
      .values({ id: host, status: 'unreachable', address: '127.0.0.1:1' })
      .execute();
  });

  const database = () => server().controlPlane.context.database;
  const insert = async (teamId: TeamId, row: object = {}) => {
    const id = newId('capsule');
    await database()
      .insertInto('capsules')
      .values({
        ...{ id: uuidFromId(id), team_id: uuidFromId(teamId), host_id: host, status: 'missing' },
        ...{ template_id: '00000000-0000-0000-0000-000000000000', template: 'minimal', vcpus: 1 },
        ...{ memory_mb: 1, disk_size_mb: 1, timeout_sec: 0, ...row },
      })
      .execute();
    return id;
  };
  const page = async (query: string) => {
    const response = await fetch(`${server().url}/v1/capsules?${query}`, {
      headers: { authorization: `Bearer ${ann.token}` },
    });
    const body = (await response.json()) as Listed[];
    return { status: response.status, body, next: response.headers.get('x-next-cursor') };
  };
  const ids = async (query: string) => (await page(query)).body.map(({ id }) => id);

  test('is searched by how IDs begin, names of templates and values of metadata, as text', async () => {
    ann = await person(server().controlPlane, 'Ann');
    const stranger = await person(server().controlPlane, 'Stranger');
    await insert(stranger.teamId, { metadata: JSON.stringify({ name: 'Fox 100%' }) });
    const fox = await insert(ann.teamId, { metadata: JSON.stringify({ name: 'Fox 100%' }) });
    const hen = await insert(ann.teamId, { template: 'hen_house' });
    const rest = await insert(ann.teamId, { metadata: JSON.stringify({ fox: 'henXhouse' }) });
    expect(await ids('q=fox')).toEqual([fox]);
    expect(await ids('q=0%25')).toEqual([fox]);
    expect(await ids('q=n_h')).toEqual([hen]);
    expect(await ids('q=%5C')).toEqual([]);
    expect(await ids(`q=${fox.slice(0, 12)}`)).toEqual([fox]);
    expect(await ids(`q=${rest.slice(3, 14).toUpperCase()}`)).toEqual([rest]);
    expect(await ids('template=hen_house')).toEqual([hen]);
    expect(await ids('template=hen')).toEqual([]);
    expect((await page(`q=${'x'.repeat(101)}`)).status).toBe(400);
  });

  test('has the states that are asked for, else all that are not over', async () => {
    ann = await person(server().controlPlane, 'Ann');
    const [missing, stopped, failed] = [
      await insert(ann.teamId),
      await insert(ann.teamId, { status: 'stopped' }),
      await insert(ann.teamId, { status: 'error' }),
    ];
    expect(await ids('')).toEqual([missing]);
    expect(await ids('status=stopped')).toEqual([stopped]);
    expect(await ids('status=stopped&status=error')).toEqual([failed, stopped]);
    expect((await page('status=asleep')).status).toBe(400);
    const counts = await ann.rest.get('GET', '/capsules/counts');
    expect(counts).toEqual({
      total: 1,
      by_status: { pending: 0, starting: 0, running: 0, paused: 0, missing: 1, stopped: 1, error: 1 },
    });
    expect(await ann.rest.get('GET', '/capsules/counts?template=other')).toMatchObject({ total: 0 });
  });

  test.each(['created', 'started', 'last_active', 'status', 'template'])(
    'comes in pages that have each capsule once, sorted by %s either way',
    async (sort) => {
      ann = await person(server().controlPlane, 'Ann');
      for (let count = 0; count < 7; count += 1) {
        const at = `2026-01-0${1 + (count % 3)}T00:00:00.123456Z`;
        await insert(ann.teamId, {
          ...{ status: count % 2 === 0 ? 'missing' : 'paused', template: `t${count % 3}` },
          ...{ created_at: at, started_at: count % 4 === 0 ? null : at, last_active_at: at },
        });
      }
      for (const order of ['asc', 'desc']) {
        const query = `sort=${sort}&order=${order}`;
        const all = await ids(query);
        expect(new Set(all).size).toBe(7);
        expect(await ids(`sort=${sort}&order=${order === 'asc' ? 'desc' : 'asc'}`)).toEqual(all.toReversed());
        const [byCursor, byId]: [string[], string[]] = [[], []];
        for (let next: string | null = ''; next !== null; ) {
          const found: Awaited<ReturnType<typeof page>> = await page(
            `${query}&limit=2${next === '' ? '' : `&cursor=${next}`}`,
          );
          byCursor.push(...found.body.map(({ id }) => id));
          next = found.next;
        }
        for (let last: string | undefined = ''; last !== undefined; ) {
          const found = await ids(`${query}&limit=3${last === '' ? '' : `&after=${last}`}`);
          byId.push(...found);
          last = found.at(-1);
        }
        expect(byCursor).toEqual(all);
        expect(byId).toEqual(all);
      }
    },
  );

  test('goes on where it was by the cursor, although the last capsule changed meanwhile', async () => {
    ann = await person(server().controlPlane, 'Ann');
    for (const template of ['a', 'b', 'c']) await insert(ann.teamId, { template });
    const first = await page('sort=template&order=asc&limit=2');
    await database().updateTable('capsules').set({ template: 'z' }).where('template', '=', 'b').execute();
    const second = await page(`sort=template&order=asc&limit=1&cursor=${first.next}`);
    expect(second.body.map(({ template }) => template)).toEqual(['c']);
  });

  test('refuses a cursor of a list in another order, or none at all', async () => {
    ann = await person(server().controlPlane, 'Ann');
    for (const _ of [1, 2]) await insert(ann.teamId);
    const { next } = await page('limit=1');
    const forged = (cursor: unknown) => Buffer.from(JSON.stringify(cursor)).toString('base64url');
    for (const query of [
      `sort=status&cursor=${next}`,
      `order=asc&cursor=${next}`,
      'cursor=nonsense',
      `cursor=${forged(['created', 'desc', "1'; drop", uuidFromId(newId('capsule'))])}`,
      `cursor=${forged(['created', 'desc', '1', 'no uuid'])}`,
      `cursor=${next}&after=${newId('capsule')}`,
    ])
      expect((await page(query)).status, query).toBe(400);
    const noState = forged(['status', 'desc', 'asleep', uuidFromId(newId('capsule'))]);
    expect((await page(`sort=status&cursor=${noState}`)).body).toEqual([]);
  });

  test('of ten thousand is read by what it shows, not by all there is', async () => {
    ann = await person(server().controlPlane, 'Ann');
    const id = await insert(ann.teamId);
    await sql`
        insert into capsules (id, team_id, host_id, template_id, template, status, vcpus, memory_mb, disk_size_mb,
                              timeout_sec, metadata, created_at, last_active_at)
        select gen_random_uuid(), team_id, host_id, template_id, template, status, 1, 1, 1, 0,
               jsonb_build_object('name', 'capsule ' || n), now() - n * interval '1 second', now() - n * interval '1 second'
          from capsules, generate_series(1, 10000) n where id = ${uuidFromId(id)}`.execute(database());
    await sql`analyze capsules`.execute(database());
    expect(await ann.rest.get('GET', '/capsules/counts')).toMatchObject({ total: 10_001 });
    expect((await page('limit=50')).body).toHaveLength(50);
    expect((await page('limit=50&sort=last_active')).body).toHaveLength(50);
    expect((await page('limit=50&q=capsule%209999')).body).toHaveLength(1);
    const { rows } = await sql<{ 'QUERY PLAN': string }>`
        explain select * from capsules where team_id = ${uuidFromId(ann.teamId)} and status not in ('stopped', 'error')
         order by created_at desc, id desc limit 51`.execute(database());
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(plan).toMatch(/Index Scan using capsules_team/);
    expect(plan).not.toContain('Sort');
    expect(idFromUuid('capsule', uuidFromId(id))).toBe(id);
  });
});

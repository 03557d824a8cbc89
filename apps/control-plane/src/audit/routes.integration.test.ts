import { type TeamId, uuidFromId } from '@wrenn/core';
import { FakeStateHost } from '@wrenn/testkit';
import { beforeAll, expect, test } from 'vitest';
import { systemActor } from '../access/principal.ts';
import { insertMember } from '../teams/members.ts';
import { type Person, person, signIn } from '../teams/testing/people.ts';
import { describeOnPostgres } from '../testing/test-on-postgres.ts';
import { type Happening, platformTeam } from './happening.ts';

interface Entry {
  readonly id: string;
  readonly number: number;
  readonly resource_type: string;
  readonly action: string;
  readonly scope: string;
}

describeOnPostgres('the audit log over REST', { startAgent: (tls) => FakeStateHost.start(tls) }, (server) => {
  let ann: Person;
  let bob: Person;
  beforeAll(async () => {
    ann = await person(server().controlPlane, 'Ann', { isAdmin: true });
    bob = await member('member');
  });

  async function member(role: 'admin' | 'member'): Promise<Person> {
    const { controlPlane } = server();
    const made = await person(controlPlane, role);
    await insertMember(controlPlane.context.database, ann.teamId, made.id, role);
    return { ...made, ...(await signIn(controlPlane, made, ann.teamId)) };
  }

  async function record(...happenings: readonly Happening[]): Promise<void> {
    const { database, recorder } = server().controlPlane.context;
    await database.transaction().execute((transaction) => recorder.record(transaction, ...happenings));
  }

  const entry = (teamId: TeamId, more: Partial<Happening> = {}): Happening => ({
    teamId,
    actor: systemActor,
    what: 'capsule.create',
    ...more,
  });

  async function page(who: Person, query: string, path = '/audit-logs') {
    return (await who.rest.get('GET', `${path}?${query}`)) as unknown as {
      items: Entry[];
      next_before: string | null;
      next_before_id: string | null;
    };
  }

  /** All pages, from the newest entry on; `between` runs after each. */
  async function pages(who: Person, query: string, between: () => Promise<void>): Promise<Entry[]> {
    const seen: Entry[] = [];
    for (let cursor = ''; ; ) {
      const { items, next_before: before, next_before_id: id } = await page(who, `${query}${cursor}`);
      seen.push(...items);
      if (before === null || id === null) return seen;
      cursor = `&before=${before}&before_id=${id}`;
      await between();
    }
  }

  test('more than 200 entries of one instant are each seen once, while others are written', async () => {
    const cat = await person(server().controlPlane, 'Cat');
    await record(...Array.from({ length: 230 }, () => entry(cat.teamId)));
    const known = new Set((await rows(cat.teamId)).map(({ id }) => id));
    let writers: Promise<void>[] = [];
    const seen = await pages(cat, 'limit=37', async () => {
      writers = [...writers, record(entry(cat.teamId), entry(cat.teamId)), record(entry(cat.teamId))];
    });
    await Promise.all(writers);
    const ids = seen.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toHaveLength(known.size);
    expect(seen.map(({ number }) => number)).toEqual(
      Array.from({ length: known.size }, (_, index) => known.size - index),
    );
  });

  async function rows(teamId: TeamId) {
    return await server()
      .controlPlane.context.database.selectFrom('audit_entries')
      .select('id')
      .where('team_id', '=', uuidFromId(teamId))
      .execute();
  }

  test('members see what everybody may see, owner and admins all, by the role that they have now', async () => {
    await record(entry(ann.teamId), entry(ann.teamId, { what: 'member.add' }));
    const cid = await member('admin');
    const scopes = async (who: Person) =>
      new Set((await page(who, 'limit=200')).items.map(({ scope }) => scope));
    expect(await scopes(ann)).toEqual(new Set(['team', 'admin']));
    expect(await scopes(cid)).toEqual(new Set(['team', 'admin']));
    expect(await scopes(bob)).toEqual(new Set(['team']));
    await server()
      .controlPlane.context.database.updateTable('memberships')
      .set({ role: 'member' })
      .where('user_id', '=', uuidFromId(cid.id))
      .where('team_id', '=', uuidFromId(ann.teamId))
      .execute();
    expect(await scopes(cid)).toEqual(new Set(['team']));
    expect((await cid.rest.ask('GET', '/audit-logs/export')).status).toBe(403);
    expect((await bob.rest.ask('GET', '/audit-logs/export')).status).toBe(403);
  });

  test("another team's log is not reached, also not by the ID of one of its entries", async () => {
    const dan = await person(server().controlPlane, 'Dan');
    await record(entry(dan.teamId), entry(dan.teamId));
    const [newest] = (await page(dan, '')).items;
    const others = await page(ann, `before_id=${newest?.id}`);
    expect(others.items).toEqual([]);
    expect((await page(dan, `before_id=${newest?.id}`)).items.length).toBeGreaterThan(0);
  });

  test('filters choose resources, actions, pairs of both, people, things, outcomes and times', async () => {
    const eve = await person(server().controlPlane, 'Eve');
    const by = { type: 'user', id: eve.id, name: 'Eve' } as const;
    const { teamId } = eve;
    await record(
      entry(teamId, { resourceId: 'cl-1' }),
      entry(teamId, { what: 'capsule.pause', actor: by }),
      entry(teamId, { what: 'api_key.create' }),
      entry(teamId, { what: 'api_key.revoke', status: 'error' }),
      entry(teamId, { what: 'channel.create' }),
    );
    const names = async (query: string) =>
      (await page(eve, query)).items
        .map(({ resource_type: resource, action }) => `${resource}.${action}`)
        .filter((name) => !name.startsWith('team') && !name.startsWith('user'));
    expect(await names('resource_type=sandbox')).toEqual(['sandbox.pause', 'sandbox.create']);
    expect(await names('resource_type=sandbox,channel&action=create')).toEqual([
      'channel.create',
      'sandbox.create',
    ]);
    expect(await names('resource_type=sandbox&resource_type=channel&action=pause,create')).toHaveLength(3);
    expect(await names('action=sandbox.pause&action=api_key.create')).toEqual([
      'api_key.create',
      'sandbox.pause',
    ]);
    expect(await names('resource_type=channel&action=api_key.revoke')).toEqual([
      'channel.create',
      'api_key.revoke',
    ]);
    expect(await names('status=error')).toEqual(['api_key.revoke']);
    expect(await names(`actor_id=${eve.id}`)).toEqual(['sandbox.pause']);
    expect(await names('resource_id=cl-1')).toEqual(['sandbox.create']);
    expect(await names(`until=2020-01-01T00:00:00Z`)).toEqual([]);
    expect(await names(`since=2020-01-01T00:00:00Z&resource_type=channel`)).toEqual(['channel.create']);
  });

  test.each([
    'limit=0',
    'limit=201',
    'limit=x',
    'before=yesterday',
    'before_id=cl-1',
    'status=fine',
    'resource_type=a%27%20or%201=1',
    'action=a.b.c',
    'since=1',
    'actor_id=%00',
  ])('a request with %s is refused', async (query) => {
    expect((await ann.rest.ask('GET', `/audit-logs?${query}`)).status).toBe(400);
  });

  test('a request with more than 50 actions is refused', async () => {
    const actions = Array.from({ length: 51 }, () => 'create').join(',');
    expect((await ann.rest.ask('GET', `/audit-logs?action=${actions}`)).status).toBe(400);
  });

  test("the platform's log is for its administrators", async () => {
    const actor = { type: 'user', id: ann.id, name: ann.name } as const;
    await record(entry(platformTeam, { what: 'user.grant_admin', actor }));
    const { items } = await page(ann, 'action=grant_admin', '/admin/audit-logs');
    expect(items).toMatchObject([{ action: 'grant_admin', scope: 'admin', actor_name: 'Ann' }]);
    for (const path of ['/admin/audit-logs', '/admin/audit-logs/export'])
      expect((await bob.rest.ask('GET', path)).status).toBe(403);
  });

  async function exported(who: Person, path: string): Promise<Entry[]> {
    const response = await fetch(`${server().url}/v1${path}`, {
      headers: { authorization: `Bearer ${who.token}` },
    });
    expect(response.headers.get('content-type')).toBe('application/x-ndjson');
    const lines = (await response.text()).split('\n');
    expect(lines.pop()).toBe('');
    return lines.map((line) => JSON.parse(line) as Entry);
  }

  test('an export has all that is wanted, oldest first, and is written down itself', async () => {
    const fay = await person(server().controlPlane, 'Fay');
    const begun = (await rows(fay.teamId)).length;
    for (let times = 0; times < 3; times += 1)
      await record(
        ...Array.from({ length: 500 }, () => entry(fay.teamId)),
        entry(fay.teamId, { what: 'member.add' }),
      );
    const all = await exported(fay, '/audit-logs/export');
    expect(all.map(({ number }) => number)).toEqual(
      Array.from({ length: begun + 1_504 }, (_, index) => index + 1),
    );
    expect(all.at(-1)).toMatchObject({ resource_type: 'audit_log', action: 'export' });
    const some = await exported(fay, '/audit-logs/export?action=member.add');
    expect(some.map(({ action }) => action)).toEqual(['add', 'add', 'add']);
    const [newest] = (await page(fay, 'limit=1')).items;
    expect(newest).toMatchObject({
      action: 'export',
      actor_id: fay.id,
      metadata: { pairs: [{ resource: 'member', action: 'add' }] },
    });
    expect((await exported(ann, '/admin/audit-logs/export')).at(-1)).toMatchObject({ action: 'export' });
  });
});

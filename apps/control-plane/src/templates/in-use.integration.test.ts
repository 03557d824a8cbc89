import { FakeHost } from '@wrenn/testkit';
import { beforeAll, expect, test } from 'vitest';
import { type Person, person } from '../teams/testing/people.ts';
import { describeOnPostgres } from '../testing/test-on-postgres.ts';
import { Builder, slugOf } from './testing/builder.ts';

const refused = (status: number, code: string) => ({ status, body: { error: { code } } });
const inUse = refused(409, 'snapshot_in_use');

describeOnPostgres('deleting templates', { startAgent: (tls) => FakeHost.start(tls) }, (server) => {
  let ann: Person;
  let bob: Person;
  let root: Person;
  let builder: Builder;
  beforeAll(async () => {
    const { controlPlane } = server();
    ann = await person(controlPlane, 'Ann');
    bob = await person(controlPlane, 'Bob');
    root = await person(controlPlane, 'Root', { isAdmin: true });
    builder = new Builder(ann.rest);
  });

  const remove = (name: string) => ann.rest.ask('DELETE', `/templates/${encodeURIComponent(name)}`);
  const isThere = async (name: string) => (await ann.rest.ask('GET', `/templates/${name}`)).status === 200;
  const snapshotOf = async (name: string) =>
    String((await ann.rest.get('GET', `/templates/${name}`))['snapshot_id']);

  test('a name alone is the template with all its versions; capsules of it go on', async () => {
    await builder.build('all', { tags: ['v1'] });
    await builder.build('all', { tags: ['v2'] });
    const snapshots = [await snapshotOf('all:v1'), await snapshotOf('all:v2')];
    const capsule = await ann.rest.capsule({ template: 'all:v1' });
    expect((await remove('all')).status).toBe(204);
    expect(await isThere('all:v2')).toBe(false);
    expect(snapshots.map((id) => server().agent.snapshots.has(id))).toEqual([false, false]);
    expect(await ann.rest.get('GET', `/capsules/${capsule}`)).toMatchObject({ status: 'running' });
    expect(await remove('all')).toMatchObject(refused(404, 'not_found'));
    expect(await builder.build('all')).toMatch(/^tpl-/);
  });

  test('a tag or an ID is one version', async () => {
    const first = await builder.build('some', { tags: ['v1', 'old'] });
    await builder.build('some', { tags: ['v2'] });
    expect((await remove('some:v2')).status).toBe(204);
    expect(await isThere('some:v1')).toBe(true);
    expect((await remove(first)).status).toBe(204);
    expect(await isThere('some:old')).toBe(false);
  });

  test('a version that other tags name too is not deleted by one of them', async () => {
    await builder.build('both', { tags: ['v1', 'stable'] });
    const answer = await remove('both:v1');
    expect(answer).toMatchObject(inUse);
    expect(JSON.stringify(answer.body)).toContain('both:stable');
    expect(await isThere('both:v1')).toBe(true);
  });

  test.each([
    ['its name', 'name', (name: string) => ({ base_template: name })],
    ['FROM', 'from', (name: string) => ({ recipe: `FROM ${name}\nRUN ["sleep", "600"]` })],
    ['its alias', 'alias', (name: string) => ({ base_template: `${name}-alias` })],
    ['a tag', 'tag', (name: string) => ({ base_template: `template:${name}:v1` })],
  ])('a build that is not over keeps what it begins from by %s', async (_, name, of) => {
    await builder.build(name, { tags: ['default', 'v1', 'v2'] });
    await ann.rest.get('PUT', `/templates/${name}/aliases/${name}-alias`);
    const id = await builder.lasting(`on-${name}`, of(name));
    const answer = await remove(name);
    expect(answer).toMatchObject(inUse);
    expect(JSON.stringify(answer.body)).toContain(id);
    expect(await ann.rest.ask('DELETE', `/snapshots/${name}`)).toMatchObject(inUse);
    expect(await isThere(name)).toBe(true);
    await builder.cancel(id);
    expect((await remove(name)).status).toBe(204);
  });

  test('a build keeps the tag, the alias and the ID that it begins from, and no other', async () => {
    const first = await builder.build('kept', { tags: ['v1', 'v2', 'v3'] });
    await builder.build('kept', { tags: ['other'] });
    for (const alias of ['used', 'unused']) await ann.rest.get('PUT', `/templates/kept/aliases/${alias}`);
    const builds = [
      await builder.lasting('one', { base_template: 'template:used:v1' }),
      await builder.lasting('two', { base_template: first }),
    ];
    const ask = async (path: string) => await ann.rest.ask('DELETE', `/templates/kept${path}`);
    expect((await ask('/tags/v2')).status).toBe(204);
    expect(await ask('/tags/v1')).toMatchObject(inUse);
    expect((await ask('/aliases/unused')).status).toBe(204);
    expect(await ask('/aliases/used')).toMatchObject(inUse);
    const move = { tags: ['v1', 'v3'], from: 'other' };
    expect(await ann.rest.ask('POST', '/templates/kept/tags', move)).toMatchObject(inUse);
    for (const id of builds) await builder.cancel(id);
    expect((await ann.rest.ask('POST', '/templates/kept/tags', move)).status).toBe(201);
  });

  test('a build that begins from another template of the name keeps nothing', async () => {
    await builder.build('same');
    await new Builder(bob.rest).build('same');
    const id = await new Builder(bob.rest).lasting('on-same', { base_template: 'same' });
    expect((await remove('same')).status).toBe(204);
    await new Builder(bob.rest).cancel(id);
  });

  test('a build of another team keeps nobody from deleting what is public', async () => {
    await builder.build('open');
    await ann.rest.get('PATCH', '/templates/open', { visibility: 'public' });
    const base = `template:${await slugOf(ann)}/open`;
    const id = await new Builder(bob.rest).lasting('on-open', { base_template: base });
    expect((await remove('open')).status).toBe(204);
    await new Builder(bob.rest).cancel(id);
  });

  test('builds of all teams keep templates of the platform, of which minimal stays for ever', async () => {
    await new Builder(root.rest, '/admin/builds').build('common');
    const id = await builder.lasting('on-common', { base_template: 'common' });
    expect(await root.rest.ask('DELETE', '/admin/templates/common')).toMatchObject(inUse);
    await builder.cancel(id);
    expect((await root.rest.ask('DELETE', '/admin/templates/common')).status).toBe(204);
    expect(await root.rest.ask('DELETE', '/admin/templates/minimal')).toMatchObject(
      refused(403, 'forbidden'),
    );
    expect(await remove('minimal')).toMatchObject(refused(403, 'forbidden'));
  });
});

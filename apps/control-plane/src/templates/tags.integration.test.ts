import { FakeHost } from '@wrenn/testkit';
import { beforeAll, expect, test } from 'vitest';
import { type Person, person } from '../teams/testing/people.ts';
import { describeOnPostgres } from '../testing/test-on-postgres.ts';
import { Builder } from './testing/builder.ts';

const refused = (status: number, code: string) => ({ status, body: { error: { code } } });

describeOnPostgres('versions of templates', { startAgent: (tls) => FakeHost.start(tls) }, (server) => {
  let ann: Person;
  let builder: Builder;
  beforeAll(async () => {
    ann = await person(server().controlPlane, 'Ann');
    builder = new Builder(ann.rest);
  });

  const get = async (name: string) => await ann.rest.get('GET', `/templates/${name}`);
  const gone = async (name: string) => (await ann.rest.ask('GET', `/templates/${name}`)).status === 404;
  const tagsOf = async (name: string) => {
    const { body } = await ann.rest.ask('GET', `/templates/${name}/tags`);
    const tags = body as unknown as { tag: string; template_id: string }[];
    return Object.fromEntries(tags.map(({ tag, template_id: id }) => [tag, id]));
  };
  const tag = (name: string, body: object) => ann.rest.ask('POST', `/templates/${name}/tags`, body);
  const untag = (name: string, each: string) => ann.rest.ask('DELETE', `/templates/${name}/tags/${each}`);

  test('a build without tags is what the name alone stands for', async () => {
    const id = await builder.build('plain');
    expect(await get('plain')).toMatchObject({ id, tags: ['default'] });
    expect(await get('plain:default')).toMatchObject({ id });
    expect(await get(id)).toMatchObject({ name: 'plain' });
    expect(await gone('plain:other')).toBe(true);
  });

  test('a new build takes the tags that it is given, and leaves the versions that others name', async () => {
    const first = await builder.build('tool', { tags: ['default', 'v1'] });
    const second = await builder.build('tool', { tags: ['default', 'v2', 'v2'] });
    expect(await tagsOf('tool')).toEqual({ default: second, v1: first, v2: second });
    expect(await get('tool:v1')).toMatchObject({ id: first, tags: ['v1'] });
    expect(await get('tool')).toMatchObject({ id: second, tags: ['default', 'v2'] });
  });

  test('a version that no tag names any more is deleted, here and on its host', async () => {
    const first = await builder.build('only');
    const snapshot = String((await get('only'))['snapshot_id']);
    const second = await builder.build('only');
    expect(await gone(first)).toBe(true);
    expect(await get('only')).toMatchObject({ id: second });
    expect(server().agent.snapshots.has(snapshot)).toBe(false);
  });

  test('capsules, recipes and snapshots name a version by its tag', async () => {
    await builder.build('part', { tags: ['old'], recipe: 'ENV AGE=old' });
    await builder.build('part', { tags: ['default'], recipe: 'ENV AGE=new' });
    await ann.rest.capsule({ template: 'part:old' });
    expect([...server().agent.guests.values()].at(-1)?.request).toMatchObject({ defaultEnv: { AGE: 'old' } });
    await builder.build('whole', { recipe: 'FROM template:part:old' });
    expect(await get('whole')).toMatchObject({ default_env: { AGE: 'old' } });
    await builder.build('whole-too', { base_template: 'template:part' });
    expect(await get('whole-too')).toMatchObject({ default_env: { AGE: 'new' } });
    await ann.rest.get('DELETE', '/snapshots/part:old');
    expect(await tagsOf('part')).toEqual({ default: expect.any(String) });
  });

  test('a tag is added to a version that a tag or an ID names, and moves when it was of another', async () => {
    const first = await builder.build('moved', { tags: ['v1'] });
    const second = await builder.build('moved', { tags: ['v2'] });
    expect(await tag('moved', { tags: ['stable'], from: 'v1' })).toMatchObject({ status: 201 });
    expect(await tag('moved', { tags: ['stable', 'default'], from: second })).toMatchObject({
      status: 201,
    });
    expect(await tagsOf('moved')).toEqual({ default: second, stable: second, v1: first, v2: second });
  });

  test('moving the last tag of a version deletes that', async () => {
    const first = await builder.build('last', { tags: ['v1'] });
    await builder.build('last', { tags: ['v2'] });
    await tag('last', { tags: ['v1'], from: 'v2' });
    expect(await gone(first)).toBe(true);
  });

  test('a tag comes only from a version of the same template', async () => {
    const other = await builder.build('another');
    await builder.build('one');
    expect(await tag('one', { tags: ['x'], from: other })).toMatchObject(refused(400, 'invalid_request'));
    expect(await tag('one', { tags: ['x'], from: 'unknown' })).toMatchObject(refused(404, 'not_found'));
    expect(await tag('one', { tags: ['not a tag'] })).toMatchObject(refused(400, 'invalid_request'));
    expect(await tag('one', { tags: [] })).toMatchObject(refused(400, 'invalid_request'));
  });

  test('taking a tag away leaves a version that has others, and deletes one that has none', async () => {
    const first = await builder.build('less', { tags: ['v1', 'old'] });
    const second = await builder.build('less', { tags: ['v2'] });
    expect((await untag('less', 'old')).status).toBe(204);
    expect(await get('less:v1')).toMatchObject({ id: first });
    expect((await untag('less', 'v1')).status).toBe(204);
    expect(await gone(first)).toBe(true);
    expect(await untag('less', 'v1')).toMatchObject(refused(404, 'not_found'));
    expect(await untag('less', 'v2')).toMatchObject(refused(409, 'conflict'));
    expect(await get('less:v2')).toMatchObject({ id: second });
  });

  test('a snapshot of a capsule does not take the name of a template, whatever its tags', async () => {
    await builder.build('taken', { tags: ['v1'] });
    const capsule = await ann.rest.capsule();
    const made = await ann.rest.ask('POST', '/snapshots', { sandbox_id: capsule, name: 'taken' });
    expect(made).toMatchObject(refused(409, 'template_name_taken'));
    await ann.rest.get('DELETE', '/templates/taken');
    expect(await ann.rest.ask('POST', '/snapshots', { sandbox_id: capsule, name: 'taken' })).toMatchObject({
      status: 201,
    });
    expect(await get('taken')).toMatchObject({ tags: ['default'], made_by: { id: ann.id } });
  });

  test('builds of one name at once end in one version for each tag', async () => {
    const ids = await Promise.all([builder.build('race'), builder.build('race'), builder.build('race')]);
    const tags = await tagsOf('race');
    expect(Object.keys(tags)).toEqual(['default']);
    expect(ids).toContain(tags['default']);
    const { body } = await ann.rest.ask('GET', '/templates');
    const listed = body as unknown as { name: string }[];
    expect(listed.filter(({ name }) => name === 'race')).toHaveLength(1);
  });

  test('a version tells what it was made from, by whom, and how much came of it', async () => {
    const base = await builder.build('base-of');
    const middle = await builder.build('middle', { recipe: 'FROM base-of' });
    const top = await builder.build('top', { recipe: 'FROM middle' });
    await builder.build('top-too', { recipe: 'FROM middle' });
    expect(await get('top')).toMatchObject({
      made_by: { type: 'user', id: ann.id, name: 'Ann' },
      build_id: expect.stringMatching(/^bld-/),
      parents: [
        { id: middle, name: 'middle', deleted: false, build_id: expect.stringMatching(/^bld-/) },
        { id: base, name: 'base-of' },
        { name: 'minimal', team: 'platform' },
      ],
      children: 0,
    });
    expect(await get('middle')).toMatchObject({ children: 2 });
    await ann.rest.get('DELETE', '/templates/middle');
    expect(await get('top')).toMatchObject({ id: top, parents: [{ id: middle, deleted: true }, {}, {}] });
  });

  test('what changes them is in the audit log', async () => {
    await builder.build('logged', { tags: ['a', 'b'] });
    await tag('logged', { tags: ['c'], from: 'a' });
    await untag('logged', 'b');
    await ann.rest.get('PUT', '/templates/logged/aliases/called');
    await ann.rest.get('DELETE', '/templates/logged/aliases/called');
    await ann.rest.get('PATCH', '/templates/logged', { visibility: 'public' });
    await ann.rest.get('DELETE', '/templates/logged');
    const { items } = await ann.rest.get('GET', '/audit-logs?resource_type=template&limit=7');
    expect(items).toMatchObject(
      ['delete', 'update', 'unalias', 'alias', 'untag', 'tag', 'create'].map((action) => ({
        ...{ action, actor_id: ann.id, metadata: { name: 'logged' } },
      })),
    );
  });
});

import { FakeHost } from '@wrenn/testkit';
import { beforeAll, expect, test } from 'vitest';
import type { Rest } from '../snapshots/testing/rest.ts';
import { type Person, person } from '../teams/testing/people.ts';
import { describeOnPostgres } from '../testing/test-on-postgres.ts';
import { Builder, slugOf } from './testing/builder.ts';

const refused = (status: number, code: string) => ({ status, body: { error: { code } } });

describeOnPostgres('what templates are called', { startAgent: (tls) => FakeHost.start(tls) }, (server) => {
  let ann: Person;
  let bob: Person;
  let root: Person;
  let builder: Builder;
  let slug: string;
  beforeAll(async () => {
    const { controlPlane } = server();
    ann = await person(controlPlane, 'Ann');
    bob = await person(controlPlane, 'Bob');
    root = await person(controlPlane, 'Root', { isAdmin: true });
    builder = new Builder(ann.rest);
    slug = await slugOf(ann);
  });

  const at = (name: string) => `/templates/${encodeURIComponent(name)}`;
  const get = async (name: string, rest: Rest = ann.rest) => await rest.get('GET', at(name));
  const ask = async (name: string, rest: Rest = ann.rest) => await rest.ask('GET', at(name));
  const list = async (query: string, rest: Rest = ann.rest) => {
    const { body } = await rest.ask('GET', `/templates${query}`);
    return (body as unknown as { id: string; name: string; team: string }[]).map(({ name }) => name);
  };
  const alias = (name: string, other: string, rest: Rest = ann.rest) =>
    rest.ask('PUT', `/templates/${name}/aliases/${other}`);

  test('an alias can be used wherever the name can, with a tag or without', async () => {
    const id = await builder.build('python', { tags: ['default', 'v3'] });
    expect((await alias('python', 'py')).status).toBe(204);
    expect((await alias('python', 'py')).status).toBe(204);
    expect(await get('py:v3')).toMatchObject({ id, name: 'python', aliases: ['py'] });
    expect(await ann.rest.capsule({ template: 'py' })).toMatch(/^cl-/);
    await builder.build('of-alias', { recipe: 'FROM py' });
    expect(await get('of-alias')).toMatchObject({ parents: [{ id }, {}] });
    const next = await builder.build('py');
    expect(await get('python')).toMatchObject({ id: next, name: 'python' });
  });

  test('an alias is no name of another template', async () => {
    await builder.build('here');
    await builder.build('there');
    await alias('here', 'place');
    expect(await alias('there', 'place')).toMatchObject(refused(409, 'template_name_taken'));
    expect(await alias('there', 'here')).toMatchObject(refused(409, 'template_name_taken'));
    expect(await alias('there', 'minimal')).toMatchObject(refused(409, 'name_reserved'));
    const capsule = await ann.rest.capsule();
    expect(await ann.rest.ask('POST', '/snapshots', { sandbox_id: capsule, name: 'place' })).toMatchObject(
      refused(409, 'template_name_taken'),
    );
    expect((await alias('place', 'spot')).status).toBe(204);
    expect(await get('here')).toMatchObject({ aliases: ['place', 'spot'] });
  });

  test('an alias goes without its template, and with it', async () => {
    await builder.build('house');
    await alias('house', 'home');
    await alias('house', 'hut');
    expect(await ann.rest.ask('DELETE', '/templates/home')).toMatchObject(refused(409, 'snapshot_in_use'));
    expect((await ann.rest.ask('DELETE', '/templates/house/aliases/home')).status).toBe(204);
    expect(await ann.rest.ask('DELETE', '/templates/house/aliases/home')).toMatchObject(
      refused(404, 'not_found'),
    );
    expect((await ask('home')).status).toBe(404);
    await ann.rest.get('DELETE', '/templates/house');
    expect((await ask('hut')).status).toBe(404);
    await builder.build('hut');
    expect(await get('hut')).toMatchObject({ name: 'hut' });
  });

  test('a template is for its team, until it is public', async () => {
    const id = await builder.build('shared', { tags: ['default', 'v1'] });
    const theirs = `${slug}/shared`;
    for (const name of ['shared', theirs, id]) expect((await ask(name, bob.rest)).status).toBe(404);
    expect(await list('?visibility=public', bob.rest)).not.toContain('shared');

    expect((await ann.rest.ask('PATCH', '/templates/shared', { visibility: 'public' })).status).toBe(204);
    expect(await get(`${theirs}:v1`, bob.rest)).toMatchObject({ id, team: slug, visibility: 'public' });
    expect(await get(id, bob.rest)).toMatchObject({ name: 'shared' });
    expect((await ask('shared', bob.rest)).status).toBe(404);
    expect(await list('?visibility=public', bob.rest)).toContain('shared');
    expect(await list('', bob.rest)).toEqual(['minimal']);
    expect(await bob.rest.capsule({ template: theirs })).toMatch(/^cl-/);
    await new Builder(bob.rest).build('mine', { base_template: `template:${theirs}` });
    expect(await get('mine', bob.rest)).toMatchObject({
      parents: [{ id, name: 'shared', team: slug }, {}],
    });

    await ann.rest.get('PATCH', '/templates/shared', { visibility: 'team' });
    expect((await ask(theirs, bob.rest)).status).toBe(404);
    expect(await get('mine', bob.rest)).toMatchObject({ parents: [{ id }, { name: 'minimal' }] });
    expect(JSON.stringify(await get('mine', bob.rest))).not.toContain('shared');
  });

  test('of a public template others see neither who made it nor by which build, and change nothing', async () => {
    await builder.build('looked-at');
    await ann.rest.get('PATCH', '/templates/looked-at', { visibility: 'public' });
    const theirs = encodeURIComponent(`${slug}/looked-at`);
    const seen = await bob.rest.get('GET', `/templates/${theirs}`);
    expect(seen).not.toHaveProperty('made_by');
    expect(seen).not.toHaveProperty('build_id');
    for (const [method, path, body] of [
      ['DELETE', ''],
      ['PATCH', '', { visibility: 'team' }],
      ['POST', '/tags', { tags: ['x'] }],
      ['DELETE', '/tags/default'],
      ['PUT', '/aliases/x'],
      ['DELETE', '/aliases/x'],
    ] as const) {
      const answer = await bob.rest.ask(method, `/templates/${theirs}${path}`, body);
      expect(answer, `${method} ${path}`).toMatchObject(refused(403, 'forbidden'));
    }
    expect(await bob.rest.ask('DELETE', `/snapshots/${theirs}`)).toMatchObject(refused(403, 'forbidden'));
  });

  test('what is public stays so with a new version', async () => {
    await builder.build('renewed');
    await ann.rest.get('PATCH', '/templates/renewed', { visibility: 'public' });
    const id = await builder.build('renewed');
    expect(await get(`${slug}/renewed`, bob.rest)).toMatchObject({ id });
  });

  test('the list is newest first, of what is asked for, and in pages', async () => {
    const cid = await person(server().controlPlane, 'Cid');
    const his = new Builder(cid.rest);
    for (const name of ['a', 'b', 'c']) await his.build(name);
    await cid.rest.get('PATCH', '/templates/b', { visibility: 'public' });
    expect(await list('', cid.rest)).toEqual(['c', 'b', 'a', 'minimal']);
    expect(await list('?type=base', cid.rest)).toEqual(['minimal']);
    expect(await list('?visibility=team', cid.rest)).toEqual(['c', 'a']);
    expect(await list('?visibility=public', cid.rest)).toEqual(expect.arrayContaining(['b', 'minimal']));
    expect(await list('?limit=2', cid.rest)).toEqual(['c', 'b']);
    const { id } = await get('b', cid.rest);
    expect(await list(`?limit=2&after=${id}`, cid.rest)).toEqual(['a', 'minimal']);
  });

  test('what the platform has is for all, under names that teams cannot take', async () => {
    const platform = new Builder(root.rest, '/admin/builds');
    const id = await platform.build('tools', { tags: ['default', 'v1'] });
    await root.rest.get('PUT', '/admin/templates/tools/aliases/kit');
    await root.rest.get('POST', '/admin/templates/tools/tags', { tags: ['stable'], from: 'v1' });
    expect(await get('kit:stable', bob.rest)).toMatchObject({
      ...{ id, name: 'tools', platform: true, visibility: 'public', aliases: ['kit'] },
    });
    expect(await root.rest.get('GET', '/admin/templates/tools')).toMatchObject({
      made_by: { id: root.id },
    });
    for (const name of ['tools', 'kit']) {
      const built = await ann.rest.ask('POST', '/builds', { name, recipe: 'ENV A=1' });
      expect(built).toMatchObject(refused(409, 'name_reserved'));
    }
    expect(await alias('tools', 'mine', bob.rest)).toMatchObject(refused(403, 'forbidden'));
    await root.rest.get('DELETE', '/admin/templates/tools');
    expect((await ask('kit', bob.rest)).status).toBe(404);
    expect(await builder.build('tools')).toMatch(/^tpl-/);
  });

  test('those of a team that is deleted are gone', async () => {
    const dan = await person(server().controlPlane, 'Dan');
    const gone = await slugOf(dan);
    await new Builder(dan.rest).build('left');
    await dan.rest.get('PATCH', '/templates/left', { visibility: 'public' });
    expect((await ask(`${gone}/left`)).status).toBe(200);
    await dan.rest.get('DELETE', `/teams/${dan.teamId}`);
    expect((await ask(`${gone}/left`)).status).toBe(404);
  });
});

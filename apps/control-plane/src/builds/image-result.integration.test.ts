import { FakeHost } from '@wrenn/testkit';
import { beforeAll, expect, test } from 'vitest';
import { type Person, person } from '../teams/testing/people.ts';
import { Builder } from '../templates/testing/builder.ts';
import { describeOnPostgres } from '../testing/test-on-postgres.ts';

describeOnPostgres('templates that are images', { startAgent: (tls) => FakeHost.start(tls) }, (server) => {
  let ann: Person;
  let builder: Builder;
  beforeAll(async () => {
    ann = await person(server().controlPlane, 'Ann');
    builder = new Builder(ann.rest);
  });

  const build = (name: string, also: object = {}) => builder.build(name, { result: 'image', ...also });
  const submit = (body: object) =>
    ann.rest.ask('POST', '/builds', { name: 'refused', result: 'image', skip_pre_post: true, ...body });
  const imageIds = () => [...server().agent.images.keys()];

  test('it has no shape of its own: its capsules have the one that is asked for', async () => {
    const id = await build('shapeless', { vcpus: 2, memory_mb: 1024 });
    const template = await ann.rest.get('GET', `/templates/${id}`);
    expect(template).toMatchObject({ type: 'base', name: 'shapeless', size_bytes: 1_000_000_000 });
    for (const key of ['vcpus', 'memory_mb', 'snapshot_id']) expect(template).not.toHaveProperty(key);
    expect(imageIds()).toHaveLength(1);
    for (const shape of [
      { vcpus: 1, memory_mb: 256 },
      { vcpus: 3, memory_mb: 2048 },
    ]) {
      const capsule = await ann.rest.capsule({ template: 'shapeless', ...shape });
      expect(await ann.rest.get('GET', `/capsules/${capsule}`)).toMatchObject(shape);
      expect(server().agent.guests.get(capsule)?.request).toMatchObject({
        template: 'shapeless',
        imageId: imageIds()[0],
        snapshotId: '',
        defaultEnv: { A: '1' },
      });
      await ann.rest.get('DELETE', `/capsules/${capsule}`);
    }
    await ann.rest.get('DELETE', '/templates/shapeless');
    expect(imageIds()).toEqual([]);
  });

  test('a new version takes the place of the one before, whose image its host loses', async () => {
    await build('renewed');
    const [first] = imageIds();
    await build('renewed', { recipe: 'ENV A=2' });
    expect(imageIds()).toHaveLength(1);
    expect(imageIds()).not.toContain(first);
    await ann.rest.get('DELETE', '/templates/renewed');
  });

  test('others can be built on it, and a snapshot of its capsules is one like any other', async () => {
    await build('ground');
    const id = await builder.build('above', { base_template: 'ground', recipe: 'ENV B=2' });
    expect(await ann.rest.get('GET', `/templates/${id}`)).toMatchObject({
      type: 'snapshot',
      default_env: { A: '1', B: '2' },
    });
    const capsule = await ann.rest.capsule({ template: 'ground' });
    const taken = await ann.rest.get('POST', '/snapshots', { sandbox_id: capsule, name: 'taken' });
    expect(taken).toMatchObject({ type: 'snapshot', vcpus: 1 });
    await ann.rest.get('DELETE', `/capsules/${capsule}`);
  });

  test('what a recipe starts is refused with its line, since it would not run', async () => {
    const answer = await submit({ recipe: 'RUN true\nSTART sleep 9\nHEALTHCHECK true' });
    expect(answer).toMatchObject({ status: 400, body: { error: { field: 'recipe' } } });
    expect(JSON.stringify(answer.body)).toContain('line 2, column 1: START');
    expect(JSON.stringify(answer.body)).toContain('line 3, column 1: HEALTHCHECK');
    expect(await submit({ recipe: 'RUN true', healthcheck: 'true' })).toMatchObject({
      status: 400,
      body: { error: { field: 'healthcheck' } },
    });
  });

  test('what a Dockerfile says of its containers is passed over, with a note', async () => {
    const recipe = 'FROM template:minimal\nENTRYPOINT ["sleep", "600"]\nHEALTHCHECK CMD false';
    const build = await builder.over(
      await builder.submit('docker', { result: 'image', format: 'dockerfile', recipe }),
    );
    expect(build).toMatchObject({ status: 'success', result: 'image' });
    const { logs } = await ann.rest.get('GET', `/builds/${String(build['id'])}`);
    expect(JSON.stringify(logs)).toContain('not started: sleep 600');
    expect(build['current_step']).toBe(build['total_steps']);
  });
});

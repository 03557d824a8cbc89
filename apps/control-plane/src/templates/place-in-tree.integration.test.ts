import { FakeHost } from '@wrenn/testkit';
import { beforeAll, expect, test } from 'vitest';
import { type Person, person } from '../teams/testing/people.ts';
import { describeOnPostgres } from '../testing/test-on-postgres.ts';

type Shown = Readonly<Record<string, unknown>>;

describeOnPostgres('the tree', { startAgent: (tls) => FakeHost.start(tls) }, (server) => {
  let ann: Person;
  beforeAll(async () => {
    ann = await person(server().controlPlane, 'Ann');
  });

  const named = async (path: string, name: string, who = ann) => {
    const all = (await who.rest.get('GET', path)) as unknown as readonly Shown[];
    return all.find((each) => each['name'] === name);
  };

  test('has what each snapshot was made from, of which capsule, and what was made from it', async () => {
    const first = await ann.rest.capsule();
    await ann.rest.get('POST', '/snapshots', { sandbox_id: first, name: 'one' });
    const second = await ann.rest.capsule({ template: 'one' });
    await ann.rest.get('POST', `/capsules/${second}/checkpoint`, { name: 'two' });
    const one = await named('/snapshots', 'one');
    const id = one?.['template_id'];
    expect(one).toMatchObject({
      source_capsule_id: first,
      capsules: 1,
      parent: { name: 'minimal', deleted: false },
    });
    const place = { parent: { id, name: 'one', deleted: false }, source_capsule_id: second, capsules: 0 };
    expect(await named('/snapshots', 'two')).toMatchObject(place);
    expect(await named('/templates', 'two')).toMatchObject(place);
    expect(await ann.rest.get('GET', '/templates/two')).toMatchObject(place);
    expect(await ann.rest.get('GET', `/capsules/${second}`)).toMatchObject({ template_id: id });
    await ann.rest.ask('DELETE', '/snapshots/one');
    expect(await named('/snapshots', 'two')).toMatchObject({ parent: { id, deleted: true } });
  });

  test('has the parent of a fork', async () => {
    const id = await ann.rest.capsule();
    const { capsules } = await ann.rest.get('POST', `/capsules/${id}/fork`, {});
    expect(capsules).toMatchObject([{ forked_from: id }]);
    expect(await ann.rest.get('GET', `/capsules/${id}`)).not.toHaveProperty('forked_from');
  });

  test("shows other teams neither whose capsule it was, nor their own teams' capsules of it", async () => {
    const id = await ann.rest.capsule();
    await ann.rest.get('POST', '/snapshots', { sandbox_id: id, name: 'shared' });
    await ann.rest.get('PATCH', '/templates/shared', { visibility: 'public' });
    await ann.rest.capsule({ template: 'shared' });
    const bob = await person(server().controlPlane, 'Bob');
    const seen = await named('/templates?visibility=public', 'shared', bob);
    expect(seen).toMatchObject({ capsules: 0 });
    expect(seen).not.toHaveProperty('source_capsule_id');
  });
});

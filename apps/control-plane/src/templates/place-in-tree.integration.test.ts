import {
  FakeHost,
  postgresMissing,
  postgresVersions,
  type TestDatabases,
  testDatabases,
} from '@wrenn/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { migrateUrl } from '../db/migrator.ts';
import { type Person, person } from '../teams/testing/people.ts';
import { startTestServer, type TestServer } from '../test-server.ts';

type Shown = Readonly<Record<string, unknown>>;

for (const version of postgresVersions) {
  describe.skipIf(postgresMissing(version) !== undefined)(`the tree, on PostgreSQL ${version}`, () => {
    let databases: TestDatabases;
    let server: TestServer<FakeHost>;
    let ann: Person;

    beforeAll(async () => {
      databases = await testDatabases(version, migrateUrl);
      server = await startTestServer({
        databaseUrl: await databases.fresh(),
        startAgent: (tls) => FakeHost.start(tls),
      });
      ann = await person(server.controlPlane, 'Ann');
    });
    afterAll(async () => {
      await server?.[Symbol.asyncDispose]();
      await databases?.[Symbol.asyncDispose]();
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
      const bob = await person(server.controlPlane, 'Bob');
      const seen = await named('/templates?visibility=public', 'shared', bob);
      expect(seen).toMatchObject({ capsules: 0 });
      expect(seen).not.toHaveProperty('source_capsule_id');
    });
  });
}

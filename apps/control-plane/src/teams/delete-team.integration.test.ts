import { uuidFromId } from '@wrenn/core';
import { FakeHostAgent, type TestDatabases, testDatabases } from '@wrenn/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrateUrl } from '../db/migrator.ts';
import { startTestServer } from '../testing/test-server.ts';
import { person } from './testing/people.ts';

let databases: TestDatabases;
beforeAll(async () => {
  databases = await testDatabases('18', migrateUrl);
});
afterAll(() => databases?.[Symbol.asyncDispose]());

const start = async () =>
  await startTestServer({
    databaseUrl: await databases.fresh(),
    startAgent: (tls) => FakeHostAgent.start(tls),
  });

test('a team whose host is away is deleted, and its capsules are left to the host monitor', async () => {
  await using server = await start();
  const { database } = server.controlPlane.context;
  const ann = await person(server.controlPlane, 'Ann');
  await ann.rest.capsule();
  await ann.rest.capsule();
  await server.agent[Symbol.asyncDispose]();
  expect((await ann.rest.ask('DELETE', `/teams/${ann.teamId}`)).status).toBe(204);
  const rows = await database
    .selectFrom('capsules')
    .select('status')
    .where('team_id', '=', uuidFromId(ann.teamId))
    .execute();
  expect(rows).toEqual([{ status: 'stopped' }, { status: 'stopped' }]);
});

test('a capsule that is being made when its team is deleted is not left over', async () => {
  await using server = await start();
  const ann = await person(server.controlPlane, 'Ann');
  const { promise: asked, resolve: begun } = Promise.withResolvers<void>();
  const { promise: goOn, resolve: finish } = Promise.withResolvers<void>();
  server.agent.beforeCreate = async () => {
    begun();
    await goOn;
  };
  const creating = ann.rest.ask('POST', '/capsules', {});
  await asked;
  expect((await ann.rest.ask('DELETE', `/teams/${ann.teamId}`)).status).toBe(204);
  finish();
  expect((await creating).status).toBe(409);
  expect(server.agent.capsules.size).toBe(0);
});

import { until } from '@wrenn/core';
import { FakeHostAgent, type TestDatabases, testDatabases } from '@wrenn/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrateUrl } from '../db/migrator.ts';
import { person } from '../teams/testing/people.ts';
import { startTestServer, type TestServer } from '../testing/test-server.ts';
import { revokeSessions } from '../users/login-sessions.ts';

let databases: TestDatabases;
let server: TestServer<FakeHostAgent>;
beforeAll(async () => {
  databases = await testDatabases('18', migrateUrl);
  server = await startTestServer({
    databaseUrl: await databases.fresh(),
    startAgent: (tls) => FakeHostAgent.start(tls),
  });
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await databases?.[Symbol.asyncDispose]();
});

test('a command whose output is followed is cut off when the session is revoked, and ends', async () => {
  const ann = await person(server.controlPlane, 'Ann');
  const id = await ann.rest.capsule();
  const response = await fetch(`${server.url}/v1/capsules/${id}/exec`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${ann.token}`,
      accept: 'application/x-ndjson',
      'content-type': 'application/json',
    },
    body: JSON.stringify({ cmd: 'hang', timeout_sec: 3600 }),
  });
  expect(response.status).toBe(200);
  await revokeSessions(server.controlPlane.context.database, ann.id, 'all');
  await expect(response.text()).rejects.toThrow();
  const ended = () => (server.agent.abandoned === 1 ? true : undefined);
  await until(ended, 20, AbortSignal.timeout(20_000));
});

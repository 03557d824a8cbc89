import { WrennClient } from '@wrenn/sdk';
import { type TestDatabases, testDatabases } from '@wrenn/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { migrateUrl } from '../db/migrator.ts';
import { SessionServer } from '../sockets/testing/session-server.ts';

let databases: TestDatabases;
let server: SessionServer;

beforeAll(async () => {
  databases = await testDatabases('18', migrateUrl);
});
afterAll(() => databases?.[Symbol.asyncDispose]());
beforeEach(async () => {
  server = await SessionServer.start(await databases.fresh());
});
afterEach(() => server?.[Symbol.asyncDispose]());

const destroy = () =>
  new WrennClient({ baseUrl: server.server.url, apiKey: server.server.apiKey }).capsules.destroy(
    server.capsuleId,
  );
const fault = { type: 'error', fatal: true };

it('a terminal ends with its capsule', async () => {
  const { socket, program } = await server.terminal();
  program.print('hello');
  await socket.frame('output');
  await destroy();
  expect(await socket.frame('error')).toMatchObject({ ...fault, error: { code: 'invalid_state' } });
  await socket.end();
});

it('so does one into which somebody types that its program does not read', async () => {
  const { socket, program } = await server.terminal();
  program.hang();
  socket.type('never read');
  await destroy();
  expect(await socket.frame('error')).toMatchObject(fault);
  await socket.end();
});

import { newId, until, uuidFromId } from '@wrenn/core';
import { WrennClient } from '@wrenn/sdk';
import { FakeHostAgent, type TestDatabases, testDatabases } from '@wrenn/testkit';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { migrateUrl } from '../db/migrator.ts';
import { faults } from '../health/readiness.ts';
import { startTestServer, type TestServer } from '../testing/test-server.ts';
import { HostMonitor } from './monitor.ts';

let databases: TestDatabases;
let server: TestServer<FakeHostAgent>;
let client: WrennClient;

beforeAll(async () => {
  databases = await testDatabases('18', migrateUrl);
});
afterAll(() => databases?.[Symbol.asyncDispose]());
beforeEach(async () => {
  server = await startTestServer({
    databaseUrl: await databases.fresh(),
    startAgent: (tls) => FakeHostAgent.start(tls),
  });
  client = new WrennClient({ baseUrl: server.url, apiKey: server.apiKey });
});
afterEach(() => server?.[Symbol.asyncDispose]());

const soon = () => AbortSignal.timeout(10_000);
const hourAgo = () => Date.now() - 3_600_000;

/** Asks for passes until the capsule is in that state. */
async function settled(id: string, status: string): Promise<void> {
  await until(
    async () => {
      server.controlPlane.context.hostMonitor.poke();
      return (await client.capsules.get(id)).status === status ? true : undefined;
    },
    50,
    soon(),
  );
}

const database = () => server.controlPlane.context.database;

test('a capsule that its host no longer has is stopped', async () => {
  const { id } = await client.capsules.create();
  server.agent.capsules.delete(id);
  await settled(id, 'stopped');
});

test('a capsule whose machine is broken is in error', async () => {
  const { id } = await client.capsules.create();
  server.agent.capsules.set(id, { ...machine(id), status: 'error' });
  await settled(id, 'error');
});

test('a create that nobody finished becomes what its host has of it', async () => {
  const [kept, lost] = [await client.capsules.create(), await client.capsules.create()];
  server.agent.capsules.delete(lost.id);
  await database()
    .updateTable('capsules')
    .set({ status: 'pending', last_updated: new Date(hourAgo()) })
    .execute();
  await settled(kept.id, 'running');
  await settled(lost.id, 'error');
});

test('a create that is under way is left alone', async () => {
  const { id } = await client.capsules.create();
  server.agent.capsules.delete(id);
  await database().updateTable('capsules').set({ status: 'pending' }).execute();
  await server.controlPlane.context.hostMonitor.pass(soon());
  await server.controlPlane.context.hostMonitor.pass(soon());
  expect((await client.capsules.get(id)).status).toBe('pending');
});

test('an old machine that no row wants is destroyed, a young one is not', async () => {
  const [old, young, ended] = [newId('capsule'), newId('capsule'), await client.capsules.create()];
  await database().updateTable('capsules').set({ status: 'error', started_at: null }).execute();
  const source = machine(ended.id);
  server.agent.capsules.set(ended.id, { ...source, createdAtMs: hourAgo() });
  server.agent.capsules.set(old, { ...source, createdAtMs: hourAgo() });
  server.agent.capsules.set(young, source);
  await until(
    () => {
      server.controlPlane.context.hostMonitor.poke();
      return server.agent.capsules.has(old) || server.agent.capsules.has(ended.id) ? undefined : true;
    },
    50,
    soon(),
  );
  expect([...server.agent.capsules.keys()]).toEqual([young]);
});

test('a machine that ran and failed is kept with its disk until somebody destroys it', async () => {
  const { id } = await client.capsules.create();
  await database().updateTable('capsules').set({ status: 'error' }).execute();
  server.agent.capsules.set(id, { ...machine(id), status: 'error', createdAtMs: hourAgo() });
  await server.controlPlane.context.hostMonitor.pass(soon());
  await server.controlPlane.context.hostMonitor.pass(soon());
  expect([...server.agent.capsules.keys()]).toContain(id);
  await client.capsules.destroy(id);
});

test('a capsule whose machine broke says why, as its host knows it', async () => {
  const { id, metadata: before } = await client.capsules.create();
  const metadata = { failure: 'its virtual machine ended by itself: out of memory' };
  server.agent.capsules.set(id, { ...machine(id), status: 'error', metadata });
  await settled(id, 'error');
  const { failure, metadata: facts } = await client.capsules.get(id);
  expect(failure).toBe(metadata.failure);
  expect(facts).toEqual(before);
  await client.capsules.destroy(id);
});

test('a host that is silent for long loses its capsules, and has them again when it is back', async () => {
  const { id } = await client.capsules.create();
  const facts = server.agent.facts;
  server.agent.facts = { ...facts, cpuCores: -1 };
  await database()
    .updateTable('hosts')
    .set({ last_heartbeat_at: new Date(hourAgo()) })
    .execute();
  await settled(id, 'missing');
  expect((await fetch(`${server.url}/readyz`)).status).toBe(503);
  await expect(client.capsules.create()).rejects.toMatchObject({ code: 'no_hosts_available' });
  await expect(client.capsules.exec(id, { cmd: 'true' })).rejects.toMatchObject({ code: 'invalid_state' });
  server.agent.facts = facts;
  await settled(id, 'running');
});

test('nothing is ready before the hosts were looked at: what is said of them may be old', async () => {
  const { context } = server.controlPlane;
  const hostMonitor = new HostMonitor(context);
  expect(await faults({ ...context, hostMonitor })).toEqual(['the hosts have not been looked at yet']);
  await hostMonitor.pass(soon());
  expect(await faults({ ...context, hostMonitor })).toEqual([]);
});

test('the first look at a new agent stops nothing; the second does', async () => {
  const { id } = await client.capsules.create();
  server.agent.epoch = 'another start';
  const source = machine(id);
  server.agent.capsules.delete(id);
  server.controlPlane.context.hostMonitor.poke();
  await until(async () => ((await epochOf()) === 'another start' ? true : undefined), 5, soon());
  server.agent.capsules.set(id, source);
  expect((await client.capsules.get(id)).status).toBe('running');
  server.agent.capsules.delete(id);
  await settled(id, 'stopped');
});

test('activity that the host saw is noted', async () => {
  const { id } = await client.capsules.create();
  const later = Date.now() + 60_000;
  server.agent.capsules.set(id, { ...machine(id), createdAtMs: later });
  await until(
    async () => {
      server.controlPlane.context.hostMonitor.poke();
      const { lastActiveAt } = await client.capsules.get(id);
      return lastActiveAt?.getTime() === Math.floor(later / 1000) * 1000 ? true : undefined;
    },
    50,
    soon(),
  );
});

test('one replica at a time compares', async () => {
  const { hostMonitor } = server.controlPlane.context;
  await database()
    .connection()
    .execute(async (connection) => {
      await until(
        async () =>
          (
            await sql<{
              taken: boolean;
            }>`select pg_try_advisory_lock(${sql.lit(0x7772_0002)}) as taken`.execute(connection)
          ).rows[0]?.taken || undefined,
        10,
        soon(),
      );
      const { id } = await client.capsules.create();
      server.agent.capsules.delete(id);
      await hostMonitor.pass(soon());
      await hostMonitor.pass(soon());
      expect((await client.capsules.get(id)).status).toBe('running');
      await sql`select pg_advisory_unlock_all()`.execute(connection);
    });
});

test('a host with the certificate of another is not trusted', async () => {
  const stranger = newId('host');
  await database()
    .insertInto('hosts')
    .values({ id: uuidFromId(stranger), address: server.agent.address })
    .execute();
  const agent = server.controlPlane.context.agents.of({ id: stranger, address: server.agent.address });
  await expect(agent.getHost(soon())).rejects.toMatchObject({ code: 'host_unavailable' });
});

function machine(id: string) {
  const found = server.agent.capsules.get(id);
  if (found === undefined) throw new Error(`the fake host has no ${id}`);
  return found;
}

async function epochOf(): Promise<string | undefined> {
  return (await database().selectFrom('hosts').select('epoch').executeTakeFirst())?.epoch;
}

import { connect, type Socket } from 'node:net';
import { until, WrennError } from '@wrenn/core';
import { WrennClient } from '@wrenn/sdk';
import { FakeHostAgent, type TestDatabases, testDatabases } from '@wrenn/testkit';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { migrateUrl } from '../db/migrator.ts';
import { usable } from '../hosts/capacity.ts';
import { describeOnEachPostgres } from '../testing/on-each-postgres.ts';
import { startTestServer, type TestServer } from '../testing/test-server.ts';

const soon = () => AbortSignal.timeout(10_000);

describeOnEachPostgres('making capsules', (version) => {
  let databases: TestDatabases;
  let server: TestServer<FakeHostAgent>;
  let client: WrennClient;

  beforeAll(async () => {
    databases = await testDatabases(version, migrateUrl);
    server = await startTestServer({
      databaseUrl: await databases.fresh(),
      startAgent: (tls) => FakeHostAgent.start(tls),
    });
    client = new WrennClient({ baseUrl: server.url, apiKey: server.apiKey });
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await databases?.[Symbol.asyncDispose]();
  });
  afterEach(async () => {
    server.agent.beforeCreate = async () => {};
    for (const { id } of await client.capsules.list()) await client.capsules.destroy(id);
    expect(server.agent.capsules.size).toBe(0);
  });

  async function rows(): Promise<{ id: string; status: string }[]> {
    return await server.controlPlane.context.database
      .selectFrom('capsules')
      .select(['id', 'status'])
      .execute();
  }

  test('creates at the same time never promise more than the host has', async () => {
    const room = Math.floor(usable(server.agent.facts).memoryMb / 4096);
    const attempts = await Promise.allSettled(
      Array.from({ length: room + 8 }, () => client.capsules.create({ memoryMb: 4096 })),
    );
    const refused = attempts.filter((attempt) => attempt.status === 'rejected');
    expect(attempts.length - refused.length).toBe(room);
    for (const { reason } of refused)
      expect(reason).toMatchObject({ code: 'no_hosts_available', status: 503 });
    expect(server.agent.capsules.size).toBe(room);
  });

  test('a capsule that is destroyed makes room for another', async () => {
    const room = Math.floor(usable(server.agent.facts).memoryMb / 8192);
    const made = [];
    for (let count = 0; count < room; count += 1) made.push(await client.capsules.create({ memoryMb: 8192 }));
    await expect(client.capsules.create({ memoryMb: 8192 })).rejects.toMatchObject({
      code: 'no_hosts_available',
    });
    await client.capsules.destroy(made[0]?.id ?? '');
    await client.capsules.create({ memoryMb: 8192 });
  });

  test('a client that goes away leaves a capsule that can be used', async () => {
    const gate = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    server.agent.beforeCreate = () => {
      arrived.resolve();
      return gate.promise;
    };
    const socket = await sendCreate(server);
    await arrived.promise;
    socket.destroy();
    gate.resolve();
    const capsule = await until(async () => (await client.capsules.list())[0], 10, soon());
    await until(
      async () => ((await client.capsules.get(capsule.id)).status === 'running' ? true : undefined),
      10,
      soon(),
    );
    expect((await client.capsules.exec(capsule.id, { cmd: 'true' })).exitCode).toBe(0);
  });

  test("a fault of the host is the answer, with the host's own code and remedy, and nothing is left", async () => {
    server.agent.beforeCreate = async () => {
      throw new WrennError('no_space', 'writing the overlay: no space left on the disk', {
        remedy: 'free some 100 %',
      });
    };
    await expect(client.capsules.create()).rejects.toMatchObject({
      code: 'no_space',
      status: 507,
      remedy: 'free some 100 %',
    });
    expect(server.agent.capsules.size).toBe(0);
    expect(await client.capsules.list()).toEqual([]);
    expect((await rows()).map((row) => row.status)).toContain('error');
  });

  test('a destroy during the create wins: no machine stays', async () => {
    const gate = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<string>();
    server.agent.beforeCreate = (request) => {
      arrived.resolve(request.sandboxId);
      return gate.promise;
    };
    const creating = client.capsules.create();
    const id = await arrived.promise;
    await client.capsules.destroy(id);
    gate.resolve();
    await expect(creating).rejects.toMatchObject({ code: 'invalid_state', status: 409 });
    expect((await client.capsules.get(id)).status).toBe('stopped');
    expect(server.agent.capsules.size).toBe(0);
  });

  test('a stop waits for the creates that are under way', async () => {
    await using second = await startTestServer({
      databaseUrl: await databases.fresh(),
      startAgent: (tls) => FakeHostAgent.start(tls),
    });
    const gate = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    second.agent.beforeCreate = () => {
      arrived.resolve();
      return gate.promise;
    };
    const creating = new WrennClient({ baseUrl: second.url, apiKey: second.apiKey }).capsules.create();
    await arrived.promise;
    const stopping = second.controlPlane.stop('leave');
    gate.resolve();
    expect((await creating).status).toBe('running');
    await stopping;
    await expect(fetch(`${second.url}/health`)).rejects.toThrow();
  });
});

/** A create whose connection can be broken at will. */
async function sendCreate(server: TestServer<FakeHostAgent>): Promise<Socket> {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  const lines = [
    'POST /v1/capsules HTTP/1.1',
    'host: x',
    `x-api-key: ${server.apiKey}`,
    'content-length: 0',
    '',
    '',
  ];
  socket.write(lines.join('\r\n'));
  return socket;
}

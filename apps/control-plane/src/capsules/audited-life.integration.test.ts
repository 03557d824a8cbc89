import { newId, parseId, until, uuidFromId, WrennError } from '@wrenn/core';
import { FakeHostAgent, type TestDatabases, testDatabases } from '@wrenn/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { entriesOf } from '../audit/testing/entries.ts';
import { migrateUrl } from '../db/migrator.ts';
import { Rest } from '../snapshots/testing/rest.ts';
import { describeOnEachPostgres } from '../testing/on-each-postgres.ts';
import { startTestServer, type TestServer } from '../testing/test-server.ts';

const key = 'api_key';
const ann = { type: 'user', id: newId('user'), name: 'Ann' } as const;

describeOnEachPostgres('capsules in the audit log', (version) => {
  let databases: TestDatabases;
  let server: TestServer<FakeHostAgent>;
  let rest: Rest;

  beforeAll(async () => {
    databases = await testDatabases(version, migrateUrl);
  });
  afterAll(() => databases?.[Symbol.asyncDispose]());
  beforeEach(async () => {
    server = await startTestServer({
      databaseUrl: await databases.fresh(),
      startAgent: (tls) => FakeHostAgent.start(tls),
    });
    rest = new Rest(server.url, server.apiKey);
  });
  afterEach(() => server?.[Symbol.asyncDispose]());

  const database = () => server.controlPlane.context.database;
  const told = (thing: string) => entriesOf(database(), { thing });
  const toldOfAll = () => entriesOf(database(), { kind: 'sandbox' });

  test('one is made and destroyed, each written once', async () => {
    const id = await rest.capsule();
    await Promise.all(Array.from({ length: 5 }, () => rest.ask('DELETE', `/capsules/${id}`)));
    expect(await told(id)).toEqual([
      { what: 'sandbox.create', status: 'success', by: key, metadata: { template: 'minimal' } },
      { what: 'sandbox.destroy', status: 'success', by: key, metadata: {} },
    ]);
  });

  test('the same request sent several times is one', async () => {
    const once = { 'idempotency-key': 'once' };
    await Promise.all(Array.from({ length: 5 }, () => rest.get('POST', '/capsules', {}, once)));
    expect(await toldOfAll()).toHaveLength(1);
  });

  test('one that could not be made says why, also where there was no room for it', async () => {
    await rest.capsule({ memory_mb: 8192 });
    server.agent.beforeCreate = async () => {
      throw new WrennError('no_space', 'the disk is full');
    };
    for (const headers of [{}, { 'idempotency-key': 'job' }])
      expect((await rest.ask('POST', '/capsules', {}, headers)).status).toBe(507);
    expect((await rest.ask('POST', '/capsules', { memory_mb: 8192 })).status).toBe(503);
    expect((await rest.ask('POST', '/capsules', { template: 'unknown' })).status).toBe(404);
    const failed = (code: string) => ({
      what: 'sandbox.create',
      status: 'error',
      by: key,
      metadata: { template: 'minimal', code },
    });
    expect((await toldOfAll()).slice(1)).toEqual([
      failed('no_space'),
      failed('no_space'),
      failed('no_hosts_available'),
    ]);
  });

  test('one that is destroyed while it is made was both destroyed, and not made', async () => {
    server.agent.beforeCreate = async ({ sandboxId }) => {
      await rest.ask('DELETE', `/capsules/${sandboxId}`);
    };
    await rest.ask('POST', '/capsules');
    expect(await toldOfAll()).toMatchObject([
      { what: 'sandbox.destroy', status: 'success' },
      { what: 'sandbox.create', status: 'error' },
    ]);
  });

  /** As a process that died in the middle left it, which made it for Ann. */
  async function halfMade(id: string): Promise<void> {
    const asked = { what: 'capsule.create', actor: ann, metadata: { template: 'minimal' } };
    await database()
      .updateTable('capsules')
      .set({ status: 'pending', asked: JSON.stringify(asked), last_updated: new Date(0) })
      .where('id', '=', uuidFromId(parseId('capsule', id)))
      .execute();
  }

  async function becomes(id: string, status: string): Promise<void> {
    await until(
      async () => {
        server.controlPlane.context.hostMonitor.poke();
        return (await rest.get('GET', `/capsules/${id}`))['status'] === status ? true : undefined;
      },
      50,
      AbortSignal.timeout(20_000),
    );
  }

  test('whoever finds out what came of one whose process died writes who had asked for it', async () => {
    const [made, lost] = [await rest.capsule(), await rest.capsule()];
    await halfMade(made);
    await halfMade(lost);
    server.agent.capsules.delete(lost);
    await becomes(made, 'running');
    await becomes(lost, 'error');
    const metadata = { template: 'minimal' };
    expect((await told(made)).slice(1)).toEqual([
      { what: 'sandbox.create', status: 'success', by: 'user', metadata },
    ]);
    expect((await told(lost)).slice(1)).toEqual([
      {
        what: 'sandbox.create',
        status: 'error',
        by: 'user',
        metadata: { ...metadata, code: 'agent_error' },
      },
    ]);
    const { asked } = await database()
      .selectFrom('capsules')
      .select('asked')
      .where('id', '=', uuidFromId(parseId('capsule', made)))
      .executeTakeFirstOrThrow();
    expect(asked).toBeNull();
  });

  test('one that broke, or is gone from its host, is written by the platform', async () => {
    const [broken, gone] = [await rest.capsule(), await rest.capsule()];
    const machine = server.agent.capsules.get(broken);
    if (machine === undefined) throw new Error('the host has it not');
    server.agent.capsules.set(broken, {
      ...machine,
      status: 'error',
      metadata: { failure: 'out of memory' },
    });
    server.agent.capsules.delete(gone);
    await becomes(broken, 'error');
    await becomes(gone, 'stopped');
    const by = 'host monitor';
    expect((await told(broken))[1]).toMatchObject({
      ...{ what: 'sandbox.fail', status: 'error', by },
      metadata: { from: 'running', reason: 'out of memory' },
    });
    expect((await told(gone))[1]).toMatchObject({ what: 'sandbox.destroy', status: 'warning', by });
  });

  test('who may use its ports is written when it changes, and each link', async () => {
    const id = await rest.capsule();
    await rest.get('GET', `/capsules/${id}/access`);
    await rest.get('POST', `/capsules/${id}/access`, { public_ports: true });
    await rest.get('POST', `/capsules/${id}/access`, { revoke: true });
    const { expires_at: expires, url } = await rest.get('POST', `/capsules/${id}/ports/8000/link`);
    const entries = (await told(id)).slice(1);
    expect(entries).toMatchObject([
      { what: 'sandbox.access', by: key, metadata: { public_ports: true, revoked: false } },
      { what: 'sandbox.access', metadata: { revoked: true } },
      { what: 'sandbox.link', metadata: { port: 8000, expires_at: expires } },
    ]);
    const credential = new URL(String(url)).searchParams.get('wrenn_access') ?? '';
    expect(JSON.stringify(entries)).not.toContain(credential);
  });

  test('nothing is written of a capsule of another team, or of none', async () => {
    const none = newId('capsule');
    await rest.ask('DELETE', `/capsules/${none}`);
    await rest.ask('POST', `/capsules/${none}/access`, { public_ports: true });
    await rest.ask('POST', `/capsules/${none}/ports/80/link`);
    expect(await toldOfAll()).toEqual([]);
  });
});

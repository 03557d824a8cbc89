import { idFromUuid, newId, parseId, until, uuidFromId, WrennError } from '@wrenn/core';
import { FakePausingHost, type TestDatabases, testDatabases } from '@wrenn/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { entriesOf, type Told } from '../audit/testing/entries.ts';
import { migrateUrl } from '../db/migrator.ts';
import { JobMonitor } from '../jobs/monitor.ts';
import { recoveries } from '../jobs/recoveries.ts';
import { insertJob } from '../jobs/store.ts';
import { Rest } from '../snapshots/testing/rest.ts';
import { describeOnEachPostgres } from '../testing/on-each-postgres.ts';
import { startTestServer, type TestServer } from '../testing/test-server.ts';

const ann = { type: 'user', id: newId('user'), name: 'Ann' } as const;
const key = 'api_key';

describeOnEachPostgres('pauses and resumes in the audit log', (version) => {
  let databases: TestDatabases;
  let server: TestServer<FakePausingHost>;
  let rest: Rest;

  beforeAll(async () => {
    databases = await testDatabases(version, migrateUrl);
  });
  afterAll(() => databases?.[Symbol.asyncDispose]());
  beforeEach(async () => {
    server = await startTestServer({
      databaseUrl: await databases.fresh(),
      startAgent: (tls) => FakePausingHost.start(tls),
    });
    rest = new Rest(server.url, server.apiKey);
  });
  afterEach(() => server?.[Symbol.asyncDispose]());

  const context = () => server.controlPlane.context;
  const told = async (thing: string): Promise<Told[]> => {
    const [created, ...more] = await entriesOf(context().database, { thing });
    expect(created).toMatchObject({ what: 'sandbox.create', status: 'success', by: key });
    return more;
  };

  test('each is there once, with who asked for it and the job that did it', async () => {
    const id = await rest.capsule();
    const { job_id: pausing } = await rest.get('POST', `/capsules/${id}/pause`);
    const { job_id: resuming } = await rest.get('POST', `/capsules/${id}/resume`);
    expect(await told(id)).toEqual([
      { what: 'sandbox.pause', status: 'success', by: key, metadata: { job: pausing } },
      { what: 'sandbox.resume', status: 'success', by: key, metadata: { job: resuming } },
    ]);
  });

  test('one that is sent again with its key is not written again, also where it failed', async () => {
    const id = await rest.capsule();
    const once = { 'idempotency-key': 'once' };
    for (let times = 0; times < 3; times += 1) await rest.get('POST', `/capsules/${id}/pause`, {}, once);
    server.agent.before = async () => {
      throw new WrennError('snapshot_refused', 'a layer is damaged');
    };
    const again = { 'idempotency-key': 'again' };
    for (let times = 0; times < 3; times += 1) await rest.ask('POST', `/capsules/${id}/resume`, {}, again);
    expect(await told(id)).toMatchObject([
      { what: 'sandbox.pause', status: 'success' },
      { what: 'sandbox.resume', status: 'error', by: key, metadata: { code: 'snapshot_refused' } },
    ]);
  });

  test('what is refused, since there is nothing to do, is not written', async () => {
    const id = await rest.capsule();
    await rest.ask('POST', `/capsules/${id}/resume`);
    await rest.get('POST', `/capsules/${id}/pause`);
    await rest.ask('POST', `/capsules/${id}/pause`);
    await rest.ask('POST', `/capsules/${newId('capsule')}/pause`);
    expect(await told(id)).toHaveLength(1);
  });

  test('a capsule that was paused by its host is woken by who uses it, and all of them by one', async () => {
    const id = await rest.capsule({ auto_resume: true });
    server.agent.capsules.set(id, 'paused');
    const uses = Array.from({ length: 5 }, () => rest.get('POST', `/capsules/${id}/exec`, { cmd: 'true' }));
    await Promise.all(uses);
    expect(await told(id)).toMatchObject([
      { what: 'sandbox.pause', status: 'success', by: 'host' },
      { what: 'sandbox.resume', status: 'success', by: key },
    ]);
  });

  test('a pause that only the host monitor has seen is written by the platform', async () => {
    const id = await rest.capsule();
    server.agent.capsules.set(id, 'paused');
    server.agent.autoPaused.add(id);
    await until(
      async () => {
        context().hostMonitor.poke();
        const { status } = await rest.get('GET', `/capsules/${id}`);
        return status === 'paused' ? true : undefined;
      },
      50,
      AbortSignal.timeout(20_000),
    );
    expect(await told(id)).toMatchObject([
      { what: 'sandbox.pause', by: 'host', metadata: { reason: 'auto_paused' } },
    ]);
  });

  /** A job of Ann's whose process died before it had done anything. */
  async function abandoned(capsule: string, kind: 'pause' | 'resume'): Promise<void> {
    const capsuleId = parseId('capsule', capsule);
    const { team_id: team } = await context()
      .database.selectFrom('capsules')
      .select('team_id')
      .where('id', '=', uuidFromId(capsuleId))
      .executeTakeFirstOrThrow();
    const id = newId('job');
    const spec = { kind, teamId: idFromUuid('team', team), actor: ann, capsuleId, request: {} };
    await insertJob(context().database, id, spec);
    await context()
      .database.updateTable('jobs')
      .set({ lease_until: new Date(0) })
      .where('id', '=', uuidFromId(id))
      .execute();
  }

  /** Lets the job monitor take over what nobody works on, as often as it takes. */
  async function recovered(passes = 1): Promise<void> {
    const monitor = new JobMonitor(context(), recoveries);
    await Promise.all(Array.from({ length: passes }, () => monitor.pass()));
    await context().operations.idle();
  }

  test('whoever goes on with the job of a dead process writes who had asked for it, once', async () => {
    const id = await rest.capsule();
    await abandoned(id, 'pause');
    await recovered(3);
    await abandoned(id, 'resume');
    await recovered(3);
    expect(await told(id)).toMatchObject([
      { what: 'sandbox.pause', status: 'success', by: 'user' },
      { what: 'sandbox.resume', status: 'success', by: 'user' },
    ]);
  });

  test('a job whose process died when all was written is not written again', async () => {
    const id = await rest.capsule();
    await rest.get('POST', `/capsules/${id}/pause`);
    await abandoned(id, 'pause');
    await recovered();
    expect(await told(id)).toHaveLength(1);
  });
});

import { type CapsuleId, idFromUuid, newId, parseId, until, uuidFromId, WrennError } from '@wrenn/core';
import { createLogger } from '@wrenn/service';
import { FakePausingHost, type TestDatabases, testDatabases } from '@wrenn/testkit';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { systemActor } from '../access/principal.ts';
import { startControlPlane } from '../control-plane.ts';
import { migrateUrl } from '../db/migrator.ts';
import { insertJob } from '../jobs/store.ts';
import { Rest } from '../snapshots/testing/rest.ts';
import { startTestServer, type TestServer } from '../testing/test-server.ts';

let databases: TestDatabases;
let server: TestServer<FakePausingHost>;
let rest: Rest;

beforeAll(async () => {
  databases = await testDatabases('18', migrateUrl);
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

const database = () => server.controlPlane.context.database;
const soon = () => AbortSignal.timeout(10_000);
const error = (code: string) => ({ error: expect.objectContaining({ code }) });
const statusOf = async (id: string) => (await rest.get('GET', `/capsules/${id}`))['status'];

async function becomes(id: string, status: string): Promise<void> {
  await until(
    async () => {
      server.controlPlane.context.hostMonitor.poke();
      return (await statusOf(id)) === status ? true : undefined;
    },
    50,
    soon(),
  );
}

/** Holds up the host's pauses and resumes until it is opened. */
function gate() {
  const [arrived, opened] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  server.agent.before = () => {
    arrived.resolve();
    return opened.promise;
  };
  return { arrived: arrived.promise, open: () => opened.resolve() };
}

test('a capsule is paused and resumed, and the jobs say how', async () => {
  const id = await rest.capsule();
  const paused = await rest.get('POST', `/capsules/${id}/pause`);
  expect(paused).toMatchObject({ id, status: 'paused', still_ms: 1.23, memory_bytes: 5, disk_bytes: 6 });
  expect(paused['paused_at']).toEqual(expect.any(String));
  const resumed = await rest.get('POST', `/capsules/${id}/resume`, { timeout_sec: 77 });
  expect(resumed).toMatchObject({ status: 'running', timeout_sec: 77, host_ip: '10.11.0.2' });
  expect(resumed).toMatchObject({ receipt: { clock_ms: 1.5 }, steps: [{ name: 'restore', duration_ms: 3 }] });
  expect(resumed).not.toHaveProperty('paused_at');
  expect(server.agent.calls).toEqual(['create', 'pause', 'resume 77']);
  expect(await rest.get('GET', `/jobs/${paused['job_id']}`)).toMatchObject({
    kind: 'pause',
    status: 'succeeded',
    capsule_id: id,
    result: paused,
    steps: paused['steps'],
  });
  expect((await rest.ask('GET', `/jobs/${newId('job')}`)).status).toBe(404);
  expect((await rest.ask('GET', '/jobs/nonsense')).status).toBe(400);
});

test('what the state does not allow is refused with the way out', async () => {
  const id = await rest.capsule();
  expect(await rest.ask('POST', `/capsules/${id}/resume`)).toMatchObject({
    status: 409,
    body: error('invalid_state'),
  });
  expect((await rest.ask('POST', `/capsules/${id}/ping`)).status).toBe(204);
  await rest.get('POST', `/capsules/${id}/pause`);
  for (const path of ['pause', 'ping'])
    expect(await rest.ask('POST', `/capsules/${id}/${path}`)).toMatchObject({
      status: 409,
      body: error('invalid_state'),
    });
  const refused = await rest.ask('POST', `/capsules/${id}/exec`, { cmd: 'true' });
  expect(refused).toMatchObject({ status: 409, body: error('invalid_state') });
  expect(JSON.stringify(refused.body)).toContain('/resume');
  for (const path of ['pause', 'resume', 'ping'])
    expect((await rest.ask('POST', `/capsules/${newId('capsule')}/${path}`)).status).toBe(404);
});

test('a second operation on a capsule is busy, and names the first', async () => {
  const id = await rest.capsule();
  const { arrived, open } = gate();
  const first = rest.get('POST', `/capsules/${id}/pause`);
  await arrived;
  const second = await rest.ask('POST', `/capsules/${id}/pause`);
  expect(second).toMatchObject({ status: 409, body: error('busy') });
  open();
  expect(JSON.stringify(second.body)).toContain(String((await first)['job_id']));
});

test('a fault of the host leaves the capsule as it was, and the job says it', async () => {
  const id = await rest.capsule();
  server.agent.before = async () => {
    throw new WrennError('no_space', 'the disk is full');
  };
  expect(await rest.ask('POST', `/capsules/${id}/pause`)).toMatchObject({
    status: 507,
    body: error('no_space'),
  });
  expect(await statusOf(id)).toBe('running');
  server.agent.before = async () => {};
  await rest.get('POST', `/capsules/${id}/pause`);
  server.agent.before = async () => {
    throw new WrennError('snapshot_refused', 'a layer is damaged');
  };
  const key = { 'idempotency-key': 'k' };
  for (let times = 0; times < 2; times += 1) {
    const answer = await rest.ask('POST', `/capsules/${id}/resume`, {}, key);
    expect(answer).toMatchObject({ status: 409, body: error('snapshot_refused') });
  }
  expect(await statusOf(id)).toBe('paused');
  expect(server.agent.calls.filter((call) => call === 'resume')).toHaveLength(1);
});

test('requests with one key are done once, also at the same time; another request is refused', async () => {
  const key = { 'idempotency-key': 'once' };
  const made = await Promise.all(
    Array.from({ length: 8 }, () => rest.get('POST', '/capsules', { vcpus: 2 }, key)),
  );
  expect(new Set(made.map((one) => one['id'])).size).toBe(1);
  expect(server.agent.calls).toEqual(['create']);
  const other = await rest.ask('POST', '/capsules', { vcpus: 1 }, key);
  expect(other).toMatchObject({ status: 409, body: error('conflict') });
  const id = String(made[0]?.['id']);
  expect(await rest.ask('POST', `/capsules/${id}/pause`, {}, key)).toMatchObject({ body: error('conflict') });
  expect((await rest.ask('POST', '/capsules', {}, { 'idempotency-key': 'é' })).status).toBe(400);
});

test('commands in a paused capsule share one resume where it was asked for, also when nobody saw the pause', async () => {
  const id = await rest.capsule({ auto_resume: true });
  const exec = () => rest.get('POST', `/capsules/${id}/exec`, { cmd: 'true' });
  await rest.get('POST', `/capsules/${id}/pause`);
  await Promise.all(Array.from({ length: 6 }, exec));
  expect(server.agent.calls).toEqual(['create', 'pause', 'resume']);
  server.agent.capsules.set(id, 'paused');
  await exec();
  expect(server.agent.calls).toEqual(['create', 'pause', 'resume', 'resume']);
});

test('one that its host has just paused by itself is resumed, though nobody saw the pause', async () => {
  const id = await rest.capsule();
  server.agent.capsules.set(id, 'paused');
  expect(await rest.get('POST', `/capsules/${id}/resume`)).toMatchObject({ status: 'running' });
  expect(server.agent.capsules.get(id)).toBe('running');
});

test('rows follow what the host says', async () => {
  const id = await rest.capsule();
  server.agent.capsules.set(id, 'paused');
  server.agent.autoPaused.add(id);
  await becomes(id, 'paused');
  server.agent.capsules.set(id, 'running');
  await becomes(id, 'running');
  await rest.get('POST', `/capsules/${id}/pause`);
  server.agent.capsules.delete(id);
  await becomes(id, 'error');
});

test('a row is left alone while a job works on it', async () => {
  const id = await rest.capsule();
  const { arrived, open } = gate();
  const pausing = rest.get('POST', `/capsules/${id}/pause`);
  await arrived;
  server.agent.capsules.delete(id);
  await server.controlPlane.context.hostMonitor.pass(soon());
  await server.controlPlane.context.hostMonitor.pass(soon());
  expect(await statusOf(id)).toBe('running');
  open();
  expect((await pausing)['status']).toBe('paused');
});

/** A job as a process leaves it that died in the middle. */
async function abandoned(id: string, kind: string): Promise<string> {
  const job = newId('job');
  const capsuleId: CapsuleId = parseId('capsule', id);
  const { team_id: team } = await database()
    .selectFrom('capsules')
    .select(sql<string>`team_id::text`.as('team_id'))
    .where('id', '=', uuidFromId(capsuleId))
    .executeTakeFirstOrThrow();
  const spec = { kind, teamId: idFromUuid('team', team), actor: systemActor, capsuleId, request: {} };
  await insertJob(database(), job, spec);
  await database()
    .updateTable('jobs')
    .set({ lease_until: new Date(0) })
    .where('id', '=', uuidFromId(job))
    .execute();
  return job;
}

test('another process finishes what a dead one began, or says that it does not know', async () => {
  const [pausing, resuming, forking] = [await rest.capsule(), await rest.capsule(), await rest.capsule()];
  await rest.get('POST', `/capsules/${resuming}/pause`);
  await database()
    .updateTable('capsules')
    .set({ status: 'starting' })
    .where('status', '=', 'paused')
    .execute();
  const jobs = [
    await abandoned(pausing, 'pause'),
    await abandoned(resuming, 'resume'),
    await abandoned(forking, 'odd'),
  ];
  const second = await startControlPlane({ config: server.config, log: createLogger('test', 'silent') });
  try {
    const ended = async (job: string) => {
      const { status } = await rest.get('GET', `/jobs/${job}`);
      return status === 'running' ? undefined : status;
    };
    const ends = await Promise.all(jobs.map((job) => until(() => ended(job), 50, soon())));
    expect(ends).toEqual(['succeeded', 'succeeded', 'unknown']);
    expect(await statusOf(pausing)).toBe('paused');
    expect(await statusOf(resuming)).toBe('running');
  } finally {
    await second.stop('leave');
  }
});

test('a job whose host does not answer for long ends without an outcome', async () => {
  const id = await rest.capsule();
  const job = await abandoned(id, 'pause');
  await database().updateTable('jobs').set({ attempts: 4 }).execute();
  server.agent.before = async () => {
    throw new WrennError('host_unavailable', 'is not there');
  };
  const ended = await until(
    async () => {
      const found = await rest.get('GET', `/jobs/${job}`);
      return found['status'] === 'running' ? undefined : found;
    },
    50,
    soon(),
  );
  expect(ended).toMatchObject({ status: 'unknown', ...error('host_unavailable') });
  expect(await statusOf(id)).toBe('running');
});

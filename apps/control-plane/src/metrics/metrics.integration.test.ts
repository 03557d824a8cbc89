import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WrennClient } from '@wrenn/sdk';
import {
  FakeHost,
  postgresMissing,
  postgresVersions,
  type TestDatabases,
  testDatabases,
} from '@wrenn/testkit';
import { describeUnless } from '@wrenn/testkit/describe-unless';
import { type Sample, scrape } from '@wrenn/testkit/exposition';
import { freePort } from '@wrenn/testkit/free-port';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { migrateUrl } from '../db/migrator.ts';
import { startTestServer, type TestServer } from '../testing/test-server.ts';

const prometheus = '/usr/bin/prometheus';
const prometheusMissing = await access(prometheus).then(
  () => undefined,
  () => `${prometheus} is not installed`,
);

const [version = '18'] = postgresVersions;

describeUnless(postgresMissing(version), 'the metrics of a control plane', () => {
  let databases: TestDatabases;
  let server: TestServer<FakeHost>;
  let client: WrennClient;
  let url: string;

  beforeAll(async () => {
    databases = await testDatabases(version, migrateUrl);
    server = await startTestServer({
      databaseUrl: await databases.fresh(),
      startAgent: (tls) => FakeHost.start(tls),
      variables: { WRENN_CP_METRICS_ADDR: '127.0.0.1:0' },
    });
    client = new WrennClient({ baseUrl: server.url, apiKey: server.apiKey });
    url = server.controlPlane.facts['metrics'] ?? '';
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await databases?.[Symbol.asyncDispose]();
  });

  it('are not at the address of the API', async () => {
    expect((await fetch(`${server.url}/metrics`)).status).toBe(404);
  });

  it('count what the database has, with a zero for what there is none of', async () => {
    const { id } = await client.capsules.create({ memoryMb: 1024 });
    const samples = await scrape(url);
    expect(sampleOf(samples, 'wrenn_capsules', { state: 'running' })).toBe(1);
    expect(sampleOf(samples, 'wrenn_capsules', { state: 'error' })).toBe(0);
    expect(sampleOf(samples, 'wrenn_hosts', { state: 'online' })).toBe(1);
    expect(sampleOf(samples, 'wrenn_host_memory_bytes', { kind: 'reserved' })).toBe(2 ** 30);
    expect(sampleOf(samples, 'wrenn_builds', { state: 'pending' })).toBe(0);
    expect(sampleOf(samples, 'wrenn_queue_depth', { queue: 'mail', state: 'created' })).toBe(0);
    expect(sampleOf(samples, 'wrenn_metrics_failed_looks_total')).toBe(0);
    await client.capsules.destroy(id);
    expect(sampleOf(await scrape(url), 'wrenn_capsules', { state: 'running' })).toBe(0);
  });

  it('name routes by their patterns and operations by their kinds, and never a capsule', async () => {
    const { id } = await client.capsules.create();
    await client.capsules.destroy(id);
    await client.capsules.get(id).catch(() => undefined);
    await expect(client.capsules.create({ template: 'no-such-template' })).rejects.toThrow();
    const samples = await scrape(url);
    const routes = new Set(samples.map(({ labels }) => labels['route']));
    expect(routes).toContain('/v1/capsules/:id');
    expect(JSON.stringify(samples)).not.toContain(id);
    const many = 'wrenn_capsule_operation_seconds_count';
    expect(sampleOf(samples, many, { operation: 'destroy', outcome: 'ok' })).toBeGreaterThan(0);
    expect(sampleOf(samples, many, { operation: 'create', outcome: 'refused' })).toBeGreaterThan(0);
    const calls = { method: 'CreateSandbox', outcome: 'ok' };
    expect(sampleOf(samples, 'wrenn_host_call_seconds_count', calls)).toBeGreaterThan(0);
  });

  it('are what Prometheus itself reads and computes with', async (context) => {
    if (prometheusMissing !== undefined) context.skip(prometheusMissing);
    const { id } = await client.capsules.create();
    await using running = await startPrometheus(new URL(url).host);
    await expect.poll(() => running.query('up{job="wrenn"}')).toEqual([1]);
    await expect.poll(() => running.query('max(wrenn_capsules{state="running"})')).toEqual([1]);
    const median = 'histogram_quantile(0.5, sum by (le) (wrenn_capsule_operation_seconds_bucket))';
    await expect.poll(async () => (await running.query(median))[0]).toBeGreaterThan(0);
    await client.capsules.destroy(id);
  });
});

function sampleOf(samples: readonly Sample[], wanted: string, labels: Record<string, string> = {}) {
  const has = (sample: Sample) =>
    Object.entries(labels).every(([key, value]) => sample.labels[key] === value);
  return samples.find((sample) => sample.name === wanted && has(sample))?.value;
}

const answerBody = z.object({
  data: z.object({ result: z.array(z.object({ value: z.tuple([z.number(), z.string()]) })) }),
});

/** A Prometheus of the test's own, which scrapes `target` each second. */
async function startPrometheus(target: string) {
  const directory = await mkdtemp(join(tmpdir(), 'wrenn-prometheus-'));
  const configuration = join(directory, 'prometheus.yml');
  const config = {
    global: { scrape_interval: '1s', scrape_timeout: '1s' },
    scrape_configs: [{ job_name: 'wrenn', static_configs: [{ targets: [target] }] }],
  };
  // JSON is YAML.
  await writeFile(configuration, JSON.stringify(config));
  const address = `127.0.0.1:${await freePort()}`;
  const argv = [
    `--config.file=${configuration}`,
    `--storage.tsdb.path=${join(directory, 'data')}`,
    `--web.listen-address=${address}`,
  ];
  const child = spawn(prometheus, argv, { stdio: 'ignore' });
  return {
    /** The values of an instant query; none where it is not up yet. */
    async query(expression: string): Promise<number[]> {
      const asked = new URL(`http://${address}/api/v1/query`);
      asked.searchParams.set('query', expression);
      const answer = await fetch(asked).catch(() => undefined);
      if (answer?.ok !== true) return [];
      return answerBody.parse(await answer.json()).data.result.map(({ value }) => Number(value[1]));
    },
    async [Symbol.asyncDispose]() {
      await ended(child);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

import { readFileSync, statfsSync } from 'node:fs';
import { cpus } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EnvdUnderTest, startEnvd } from '../testing/envd-under-test.ts';

let envd: EnvdUnderTest;
beforeAll(async () => {
  envd = await startEnvd();
});
afterAll(() => envd[Symbol.asyncDispose]());

const whole = (value: unknown) => expect(Number.isInteger(value)).toBe(true);

test('metrics are those of the machine', async () => {
  const response = await fetch(`${envd.url}/metrics`);
  const metrics: unknown = await response.json();
  const total = Number(/MemTotal:\s+(\d+)/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]) * 1024;
  const { blocks, bsize } = statfsSync('/');
  expect(metrics).toMatchObject({
    ts: expect.closeTo(Date.now() / 1000, -2),
    cpu_count: cpus().length,
    mem_total: total,
    mem_total_mib: Math.floor(total / 1024 / 1024),
    disk_total: blocks * bsize,
  });
  const values = Object.entries(metrics ?? {});
  expect(values.map(([name]) => name)).toStrictEqual([
    'ts',
    'cpu_count',
    'cpu_used_pct',
    'cpu_busy_ticks',
    'cpu_total_ticks',
    'mem_total',
    'mem_used',
    'mem_cache',
    'mem_total_mib',
    'mem_used_mib',
    'disk_used',
    'disk_total',
  ]);
  for (const [name, value] of values) {
    if (name !== 'cpu_used_pct') whole(value);
    expect(value).toBeGreaterThanOrEqual(0);
  }
  expect(Object.fromEntries(values)['cpu_used_pct']).toBeLessThanOrEqual(100);
});

test('the variables are those that every process gets', async () => {
  expect(await (await fetch(`${envd.url}/envs`)).json()).toStrictEqual({});
});

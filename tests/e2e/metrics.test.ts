import type { MetricPoint } from '@wrenn/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { client } from '../support/client.ts';
import { sh } from '../support/shell.ts';

let id: string;
beforeAll(async () => {
  ({ id } = await client().capsules.create());
});
afterAll(() => client().capsules.destroy(id));

const read = async () => (await client().capsules.metrics(id, '10m')).points;
/** The clock of the host, which is that of the points too. */
const now = () => Date.now() / 1000;
/** A sample that was begun after `from`: the time before it began no earlier than that. */
const sampleAfter = async (from: number, intervalSec: number): Promise<MetricPoint> => {
  const taken = async () => (await read()).find((point) => point.timestampUnix > from + 2 * intervalSec);
  await expect.poll(taken).toBeDefined();
  return (await taken()) as MetricPoint;
};

describe('the metrics of a capsule', () => {
  it('are there by themselves, and say how large it is', async () => {
    await expect.poll(async () => (await read()).length).toBeGreaterThan(0);
    const { intervalSec, points } = await client().capsules.metrics(id);
    const meminfo = Number(/MemTotal:\s+(\d+) kB/.exec(await sh(id, 'cat /proc/meminfo'))?.[1]) * 1024;
    const disk = Number(await sh(id, 'df -B1 --output=size / | tail -1'));
    expect(points.at(-1)).toMatchObject({ memTotalBytes: meminfo });
    // What df calls the size leaves out what the file system keeps for itself.
    expect(Number(points.at(-1)?.diskTotalBytes)).toBeGreaterThanOrEqual(disk);
    expect(intervalSec).toBe(5);
  });

  it('show load while there is some', async () => {
    const { intervalSec } = await client().capsules.metrics(id);
    const began = now();
    await client().processes.start(id, { cmd: 'sh', args: ['-c', 'while :; do :; done'], tag: 'load' });
    const loaded = await sampleAfter(began, intervalSec);
    expect(loaded.cpuPct).toBeGreaterThan(60);
    await client().processes.kill(id, 'load');
    const isQuiet = async () => ((await read()).at(-1)?.cpuPct ?? 100) < 40;
    await expect.poll(isQuiet).toBe(true);
  });

  it('show memory as free does, before and after some is taken and given back', async () => {
    const free = async () => {
      const [, total = 0, , , , , available = 0] = (await sh(id, 'free -b | grep Mem'))
        .trim()
        .split(/\s+/)
        .map(Number);
      return total - available;
    };
    const near = (bytes: number) => async () => {
      const { memBytes = 0 } = (await read()).at(-1) ?? {};
      return Math.abs(memBytes - bytes) < 24 * 1024 * 1024;
    };
    await sh(id, 'head -c 120000000 /dev/zero >/dev/shm/taken');
    const taken = await free();
    expect(taken).toBeGreaterThan(120_000_000);
    await expect.poll(near(taken)).toBe(true);
    await sh(id, 'rm /dev/shm/taken');
    await expect.poll(near(await free())).toBe(true);
  });

  it('count as no use of the capsule: one that nobody uses is paused after its timeout', async () => {
    const { capsules } = client();
    const { id: unused } = await capsules.create({ timeoutSec: 12 });
    await expect.poll(async () => (await capsules.get(unused)).status).toBe('paused');
    expect((await capsules.metrics(unused)).points.length).toBeGreaterThan(0);
    await capsules.destroy(unused);
  });

  it('are still there while it is paused and when it goes on, with a gap between and nothing invented in it', async () => {
    const { capsules } = client();
    const before = await read();
    await capsules.pause(id);
    const pausedAt = now();
    const paused = await read();
    expect(paused.map(({ timestampUnix }) => timestampUnix)).toEqual(
      expect.arrayContaining(before.map(({ timestampUnix }) => timestampUnix)),
    );
    const resumedAt = now();
    await capsules.resume(id);
    await expect.poll(async () => (await read()).at(-1)?.timestampUnix).toBeGreaterThan(resumedAt);
    const after = await read();
    expect(after.slice(0, paused.length)).toEqual(paused);
    const isInPause = ({ timestampUnix }: MetricPoint) =>
      timestampUnix > pausedAt + 1 && timestampUnix < resumedAt - 1;
    expect(after.filter(isInPause)).toEqual([]);
    // The first of the machine that was restored counts from the resume on, not from the boot.
    const [first] = after.slice(paused.length);
    expect(first?.cpuPct).toBeLessThanOrEqual(100);
    expect((await capsules.metrics(id, '24h')).points.length).toBeGreaterThan(0);
  });

  it('of a fork begin with it', async () => {
    const { capsules } = client();
    const forkedAt = now();
    const { capsules: children } = await capsules.fork(id);
    const [child] = children;
    const { points } = await capsules.metrics(String(child?.id), '24h');
    // Averages begin where their interval does.
    const earliest = Math.floor(forkedAt / 300) * 300;
    for (const { timestampUnix } of points) expect(timestampUnix).toBeGreaterThanOrEqual(earliest);
    for (const { timestampUnix } of (await capsules.metrics(String(child?.id))).points)
      expect(timestampUnix).toBeGreaterThanOrEqual(Math.floor(forkedAt));
    await capsules.destroy(String(child?.id));
  });
});

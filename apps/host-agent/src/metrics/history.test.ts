import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { History } from './history.ts';
import type { Usage } from './usage.ts';

const usage = (cpuPct: number): Usage => ({
  ...{ cpuPct, memBytes: cpuPct * 10, memTotalBytes: 5_000, diskBytes: 7, diskTotalBytes: 9_000 },
});
const start = 1_700_000_100;
/** Samples of one after another `everySec`. */
const sampled = (count: number, everySec: number, history = new History(), from = start) => {
  for (let index = 0; index < count; index++) history.add(from + index * everySec, usage(index % 100));
  return history;
};

describe('a history', () => {
  it('has the samples of the last ten minutes as they were taken', () => {
    const history = sampled(400, 5);
    const end = start + 399 * 5;
    const { points, stepSec } = history.excerpt(600, end);
    expect(stepSec).toBe(1);
    expect(points.map(({ at }) => at)).toEqual(Array.from({ length: 120 }, (_, at) => end - (119 - at) * 5));
    expect(points.at(-1)?.cpuPct).toBe(99);
    expect(history.excerpt(300, end).points).toEqual(points.slice(59));
  });

  it('has averages of half a minute for two hours, and of five minutes for a day', () => {
    const history = sampled(20_000, 5);
    const end = start + 19_999 * 5;
    for (const [rangeSec, stepSec] of [
      [3_600, 30],
      [7_200, 30],
      [21_600, 300],
      [86_400, 300],
    ] as const) {
      const found = history.excerpt(rangeSec, end);
      expect(found.stepSec).toBe(stepSec);
      expect(found.points.length - rangeSec / stepSec).toBeLessThanOrEqual(1);
      expect(found.points.length - rangeSec / stepSec).toBeGreaterThanOrEqual(0);
      for (const { cpuPct, memBytes } of found.points) expect(memBytes).toBeCloseTo(cpuPct * 10);
    }
  });

  it('keeps a gap in each tier where there were no samples', () => {
    const history = sampled(100, 5);
    const resumed = start + 3_600;
    sampled(100, 5, history, resumed);
    const isInGap = ({ at }: { at: number }) => at >= start + 600 && at < resumed - 300;
    for (const range of [600, 7_200, 86_400])
      expect(history.excerpt(range, resumed + 500).points.filter(isInGap)).toEqual([]);
    expect(history.excerpt(7_200, resumed + 500).points.length).toBeLessThanOrEqual(2 * 18);
    expect(history.excerpt(600, resumed + 500).points[0]?.at).toBe(resumed);
  });

  it('forgets what lies in the future when the clock was set back', () => {
    const history = sampled(10, 5);
    history.add(start + 12, usage(50));
    expect(history.excerpt(600, start + 12).points.map(({ at }) => at - start)).toEqual([0, 5, 10, 12]);
  });

  it('is the same when it is made of what another has', () => {
    const history = sampled(5_000, 5);
    expect(new History(history.buckets).buckets).toEqual(history.buckets);
  });

  const samples = fc.array(
    fc.record({
      gap: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 50_000 })),
      cpu: fc.integer({ min: 0, max: 100 }),
    }),
    { minLength: 1, maxLength: 400 },
  );
  test.prop([samples])(
    'is bounded, in order, spaced by its steps, and averages what was sampled',
    (taken) => {
      const history = new History();
      const all: { at: number; cpu: number }[] = [];
      let at = start;
      for (const { gap, cpu } of taken) {
        at += gap;
        all.push({ at, cpu });
        history.add(at, usage(cpu));
      }
      for (const [index, [stepSec, spanSec]] of [
        [1, 600],
        [30, 7_200],
        [300, 86_400],
      ].entries() as ArrayIterator<[number, [number, number]]>) {
        const buckets = history.buckets[index] ?? [];
        expect(buckets.length).toBeLessThanOrEqual(spanSec / stepSec);
        for (const [position, bucket] of buckets.entries()) {
          expect(bucket.at % stepSec).toBe(0);
          expect(bucket.at).toBeGreaterThan(buckets[position - 1]?.at ?? 0);
          const within = all.filter((each) => each.at >= bucket.at && each.at < bucket.at + stepSec);
          expect(bucket.count).toBe(within.length);
          expect(bucket.cpuPct).toBeCloseTo(within.reduce((sum, { cpu }) => sum + cpu, 0) / within.length);
        }
        const recent = all.filter((each) => Math.floor(each.at / stepSec) * stepSec > at - spanSec);
        expect(buckets.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThanOrEqual(recent.length);
      }
    },
  );
});

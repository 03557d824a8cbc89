import { expect, test } from 'vitest';
import { CpuUsage, countProcessors, parseCpuTimes } from './cpu-usage.ts';

test('idle time and waiting are not busy, and guests count once', () => {
  expect(parseCpuTimes('cpu  100 20 30 800 40 5 5 0 70 0\ncpu0 1 1 1 1\n')).toStrictEqual({
    busy: 160,
    total: 1000,
  });
});

test('processors are counted without the line that sums them', () => {
  expect(countProcessors('cpu  4 1 1 1 1\ncpu0 1 1 1 1\ncpu1 1 1 1 1\nintr 5\ncpufreq 7\n')).toBe(2);
});

test('usage is that of the time since the last sample', () => {
  const usage = new CpuUsage();
  expect(usage.sample({ busy: 100, total: 1000 })).toBe(10);
  expect(usage.sample({ busy: 175, total: 1100 })).toBe(75);
});

test('samples in quick succession answer the same', () => {
  const usage = new CpuUsage();
  usage.sample({ busy: 100, total: 1000 });
  expect(usage.sample({ busy: 101, total: 1001 })).toBe(10);
  expect(usage.sample({ busy: 120, total: 1020 })).toBe(100);
});

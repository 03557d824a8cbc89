import { expect, test } from 'vitest';
import { parseMemoryInfo } from './memory-info.ts';

test('used is what is not available, in bytes', () => {
  const text =
    'MemTotal:        1000 kB\nMemFree:    10 kB\nMemAvailable: 600 kB\nCached:   50 kB\nSwapCached:  7 kB\n';
  expect(parseMemoryInfo(text)).toStrictEqual({
    totalBytes: 1000 * 1024,
    usedBytes: 400 * 1024,
    cacheBytes: 50 * 1024,
  });
});

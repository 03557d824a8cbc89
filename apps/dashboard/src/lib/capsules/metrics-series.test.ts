import { expect, it } from 'vitest';
import { byteScale, withGaps } from './metrics-series.ts';

const at = (timestamp_unix: number) => ({
  ...{ timestamp_unix, cpu_pct: 1, mem_bytes: 1, mem_total_bytes: 2, disk_bytes: 1, disk_total_bytes: 2 },
});

it('there is a gap where nothing was said for longer than usual', () => {
  const times = withGaps([at(0), at(5), at(30), at(35)], 5).map((point) =>
    'gap' in point ? 'gap' : point.timestamp_unix,
  );
  expect(times).toEqual([0, 5, 'gap', 30, 35]);
});

it('an axis is in the unit of the whole', () => {
  expect(byteScale(512 * 2 ** 20).format(100)).toBe('100 MiB');
  expect(byteScale(4 * 2 ** 30).of(2 ** 30)).toBe(1);
});

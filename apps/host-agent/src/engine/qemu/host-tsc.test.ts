import { expect, it } from 'vitest';
import { parseTscKhz } from './host-tsc.ts';

const cpu = (mhz: string, flags: string) =>
  `processor\t: 0\ncpu MHz\t\t: ${mhz}\nflags\t\t: fpu tsc ${flags}\n`;

it.each([
  ['a machine without frequency scaling', cpu('2596.122', 'constant_tsc nonstop_tsc'), 2_596_122],
  ['equal cores', cpu('2000.000', 'constant_tsc') + cpu('2000.000', 'constant_tsc'), 2_000_000],
  ['cores of different speed', cpu('2000.000', 'constant_tsc') + cpu('2100.000', 'constant_tsc'), undefined],
  ['a machine that shows momentary speeds', cpu('3100.000', 'constant_tsc aperfmperf'), undefined],
  ['a counter that changes its speed', cpu('2596.122', 'nonstop_tsc'), undefined],
  ['a file without speeds', 'processor\t: 0\n', undefined],
])('tells the frequency of %s', (_, cpuinfo, khz) => {
  expect(parseTscKhz(cpuinfo)).toBe(khz);
});

import { expect, test } from 'vitest';
import { unchangedMappings } from './memory.ts';

const mapping = (line: string, anonymousKiB: number) =>
  `${line}\nSize:  4 kB\nRss:   4 kB\nAnonymous:    ${anonymousKiB} kB\nLazyFree:      0 kB\nVmFlags: rd mr\n`;

test('code and constants are what their file says', () => {
  const smaps = [
    mapping('00400000-00b00000 r--p 00000000 fe:00 12  /opt/my node', 0),
    mapping('00b00000-02f00000 r-xp 00700000 fe:00 12  /opt/my node', 0),
  ];
  expect(unchangedMappings(smaps.join(''))).toStrictEqual([
    { start: 0x400000, end: 0xb00000 },
    { start: 0xb00000, end: 0x2f00000 },
  ]);
});

test.each([
  ['what the loader has written', mapping('02f00000-03000000 r--p 02b00000 fe:00 12 /opt/node', 8)],
  ['data', mapping('03000000-03100000 rw-p 02c00000 fe:00 12 /opt/node', 0)],
  ['shared memory', mapping('03000000-03100000 r--s 02c00000 fe:00 12 /opt/node', 0)],
  ['memory without a file', mapping('7f0000002000-7f0000003000 r-xp 00000000 00:00 0 [vdso]', 0)],
])('%s is left alone', (_what, smaps) => {
  expect(unchangedMappings(smaps)).toStrictEqual([]);
});

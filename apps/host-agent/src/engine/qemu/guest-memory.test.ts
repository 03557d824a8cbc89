import { describe, expect, it } from 'vitest';
import { pageBytes } from '../engine.ts';
import { mappingsIn, writtenRuns } from './guest-memory.ts';

/** Entries of /proc/PID/pagemap, by the kernel's description of them. */
const entry = {
  none: 0n,
  ofFile: (1n << 63n) | (1n << 61n) | 0x1234n,
  own: (1n << 63n) | 0x5678n,
  swapped: (1n << 62n) | 0x9abcn,
  softDirty: 1n << 55n,
} as const;

function pagemap(...entries: bigint[]): Buffer {
  const buffer = Buffer.alloc(entries.length * 8);
  for (const [index, value] of entries.entries()) buffer.writeBigUInt64LE(value, index * 8);
  return buffer;
}

describe('writtenRuns', () => {
  const { none, ofFile, own, swapped, softDirty } = entry;

  it('finds what is the own of the process, in memory or swapped out', () => {
    const entries = pagemap(own, none, ofFile, swapped, own, ofFile, own);
    expect([...writtenRuns(entries)]).toEqual([
      { first: 0, count: 1 },
      { first: 3, count: 2 },
      { first: 6, count: 1 },
    ]);
  });

  it('finds nothing where nothing is mapped, or all is the file', () => {
    expect([...writtenRuns(pagemap())]).toEqual([]);
    expect([...writtenRuns(pagemap(none, softDirty, ofFile, ofFile | softDirty))]).toEqual([]);
  });

  it('cuts runs at 4 MiB and loses nothing there', () => {
    const slice = (4 << 20) / pageBytes;
    const entries = pagemap(...Array.from({ length: 2 * slice + 1 }, () => own), none, own);
    expect([...writtenRuns(entries)]).toEqual([
      { first: 0, count: slice },
      { first: slice, count: slice },
      { first: 2 * slice, count: 1 },
      { first: 2 * slice + 2, count: 1 },
    ]);
    const exact = pagemap(...Array.from({ length: slice }, () => own));
    expect([...writtenRuns(exact)]).toEqual([{ first: 0, count: slice }]);
  });
});

describe('mappingsIn', () => {
  const line = (
    range: string,
    { mode = 'rw-p', offset = '00000000', inode = '77', path = '/t/memory' } = {},
  ) => `${range} ${mode} ${offset} fe:01 ${inode}                          ${path}`;

  it('finds those of the file, by their place in it', () => {
    const maps = [
      line('55d0c0000000-55d0c0100000', { mode: 'r-xp', inode: '9', path: '/usr/bin/qemu-system-x86_64' }),
      line('7f00b0000000-7f00b8000000', { offset: '08000000' }),
      line('7f00c0000000-7f00c8000000'),
      line('7f00d0000000-7f00d0001000', { path: '/t/memory2' }),
      '7f00e0000000-7f00e0001000 rw-p 00000000 00:00 0 ',
      '',
    ];
    expect(mappingsIn(maps.join('\n'), '/t/memory')).toEqual([
      { address: 0x7f00c0000000, length: 0x8000000, offset: 0 },
      { address: 0x7f00b0000000, length: 0x8000000, offset: 0x8000000 },
    ]);
  });

  it('finds those of a file that was removed or replaced since', () => {
    const maps = line('7f00c0000000-7f00c8000000', { path: '/t/memory (deleted)' });
    expect(mappingsIn(maps, '/t/memory')).toHaveLength(1);
  });

  it.each(['rw-s', 'r--p', '---p'])('passes over one that is %s', (mode) => {
    expect(mappingsIn(line('7f00c0000000-7f00c8000000', { mode }), '/t/memory')).toEqual([]);
  });

  it('knows a file whose name is not of ASCII or has spaces', () => {
    const path = Buffer.from('/t/größe 1/memory').toString('latin1');
    expect(mappingsIn(line('7f00c0000000-7f00c8000000', { path }), '/t/größe 1/memory')).toHaveLength(1);
  });
});

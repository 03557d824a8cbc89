import { describe, expect, it } from 'vitest';
import { pageBytes } from '../engine.ts';
import { writtenRuns } from './guest-memory.ts';

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

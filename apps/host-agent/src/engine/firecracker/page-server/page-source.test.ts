import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from '@fast-check/vitest';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type MemoryRange, pageBytes } from '../../engine.ts';
import { PageSource, type Stretch } from './page-source.ts';

const pages = 64;
const memoryBytes = pages * pageBytes;
let directory: string;
let base: string;
let layer: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'page-source-'));
  base = join(directory, 'base');
  layer = join(directory, 'layer');
  writeFileSync(base, numbered(pages, 0));
  writeFileSync(layer, numbered(pages, 100));
});
afterEach(() => rmSync(directory, { recursive: true }));

function numbered(count: number, first: number): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, page) => Buffer.alloc(pageBytes, first + page)));
}

/** The first byte of each page that a stretch consists of, as the kernel would copy them. */
function numbersIn(stretch: Stretch): number[] {
  if (stretch.kind === 'zero') return Array(stretch.length / pageBytes).fill(0);
  const memory = openSync('/proc/self/mem', 'r');
  try {
    const bytes = Buffer.alloc(stretch.length);
    readSync(memory, bytes, 0, stretch.length, stretch.address);
    return Array.from({ length: stretch.length / pageBytes }, (_, page) => bytes[page * pageBytes] ?? -1);
  } finally {
    closeSync(memory);
  }
}

const range = (firstPage: number, count: number, content: MemoryRange['content']): MemoryRange => ({
  offset: firstPage * pageBytes,
  length: count * pageBytes,
  content,
});

describe('the memory of a snapshot', () => {
  it('comes in stretches that end where another source begins', () => {
    const changes = [range(2, 3, 'zero'), range(5, 2, { path: layer, offset: 7 * pageBytes })];
    using source = PageSource.open({ base, changes }, memoryBytes);
    const at = (page: number) => numbersIn(source.stretch(page * pageBytes, 10 * pageBytes));
    expect(at(0)).toEqual([0, 1]);
    expect(at(2)).toEqual([0, 0, 0]);
    expect(at(6)).toEqual([108]);
    expect(at(7)).toEqual([7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
  });

  it('is never more than was asked for', () => {
    using source = PageSource.open({ base, changes: [range(8, 50, 'zero')] }, memoryBytes);
    expect(numbersIn(source.stretch(0, 3 * pageBytes))).toEqual([0, 1, 2]);
    expect(source.stretch(8 * pageBytes, pageBytes)).toEqual({ kind: 'zero', length: pageBytes });
  });

  it.each([
    ['a base that is missing', () => ({ base: join(directory, 'none'), changes: [] }), 'ENOENT'],
    ['a base that is too small', () => ({ base: smallFile(), changes: [] }), 'smaller than the memory'],
    ['a change beyond the memory', () => ({ base, changes: [range(60, 5, 'zero')] }), 'beyond the memory'],
    [
      'a layer that is missing',
      () => ({ base, changes: [range(0, 1, { path: join(directory, 'none'), offset: 0 })] }),
      'ENOENT',
    ],
    [
      'a range behind the end of its layer',
      () => ({ base, changes: [range(0, 2, { path: layer, offset: 63 * pageBytes })] }),
      'shorter than it is said to be',
    ],
  ])('cannot be opened with %s', (_, memory, why) => {
    expect(() => PageSource.open(memory(), memoryBytes)).toThrow(why);
  });

  function smallFile(): string {
    const path = join(directory, 'small');
    writeFileSync(path, numbered(3, 0));
    return path;
  }

  const kinds = fc.array(fc.constantFrom('base', 'zero', 'layer'), { minLength: pages, maxLength: pages });
  test.prop([kinds], { numRuns: 50 })('is that of each page’s own source, whatever the layers', (sources) => {
    const changes = sources.flatMap((kind, page) =>
      kind === 'base'
        ? []
        : [range(page, 1, kind === 'zero' ? 'zero' : { path: layer, offset: page * pageBytes })],
    );
    using source = PageSource.open({ base, changes }, memoryBytes);
    const numbers: number[] = [];
    while (numbers.length < pages) {
      const at = numbers.length;
      numbers.push(...numbersIn(source.stretch(at * pageBytes, (pages - at) * pageBytes)));
    }
    const first = { base: 0, layer: 100 };
    expect(numbers).toEqual(sources.map((kind, page) => (kind === 'zero' ? 0 : first[kind] + page)));
  });
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from '@fast-check/vitest';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pageBytes } from '../../engine.ts';
import {
  decodeWorkingSet,
  encodeWorkingSet,
  type Part,
  readWorkingSet,
  WorkingSet,
  writeWorkingSet,
} from './working-set.ts';

const memoryPages = 10_000;
const memoryBytes = memoryPages * pageBytes;
const part: fc.Arbitrary<Part> = fc
  .tuple(fc.integer({ min: 0, max: memoryPages - 1 }), fc.integer({ min: 1, max: 512 }))
  .map(([first, pages]) => ({
    offset: first * pageBytes,
    length: Math.min(pages, memoryPages - first) * pageBytes,
  }));

describe('a working set', () => {
  it('keeps parts in the order in which they were needed, each once', () => {
    const set = new WorkingSet();
    for (const first of [9, 3, 9, 5, 3]) set.add({ offset: first * pageBytes, length: pageBytes });
    expect(set.parts.map(({ offset }) => offset / pageBytes)).toEqual([9, 3, 5]);
  });

  it('is bounded', () => {
    const set = new WorkingSet();
    for (let page = 0; page < 70_000; page++) set.add({ offset: page * pageBytes, length: pageBytes });
    expect(set.parts).toHaveLength(65_536);
  });
});

describe('the file of a working set', () => {
  test.prop([fc.array(part)])('yields what was written to it', (parts) => {
    expect(decodeWorkingSet(encodeWorkingSet(parts), memoryBytes)).toEqual(parts);
  });

  test.prop([fc.uint8Array()])('is of no use, or within the memory, whatever is in it', (bytes) => {
    const file = Buffer.concat([encodeWorkingSet([]), bytes]);
    for (const { offset, length } of decodeWorkingSet(file, memoryBytes) ?? []) {
      expect(length).toBeGreaterThan(0);
      expect(offset + length).toBeLessThanOrEqual(memoryBytes);
    }
  });

  const whole = encodeWorkingSet([{ offset: 0, length: memoryBytes }]);
  it.each([
    ['it is empty', Buffer.alloc(0)],
    ['it is of another version', Buffer.concat([Buffer.from('WRENNWS2'), whole.subarray(8)])],
    ['it was cut short', whole.subarray(0, -1)],
    ['a part has no length', encodeWorkingSet([{ offset: 0, length: 0 }])],
    ['a part is beyond the memory', encodeWorkingSet([{ offset: pageBytes, length: memoryBytes }])],
    ['it has too many parts', Buffer.concat([whole, Buffer.alloc(65_536 * 8, whole.subarray(8))])],
  ])('is of no use when %s', (_, bytes) => {
    expect(decodeWorkingSet(bytes, memoryBytes)).toBeUndefined();
  });
});

describe('on disk', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'working-set-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('a working set is replaced as a whole', () => {
    const path = join(directory, 'noted');
    const parts = [{ offset: pageBytes, length: 2 * pageBytes }];
    writeWorkingSet(path, [{ offset: 0, length: memoryBytes }]);
    writeWorkingSet(path, parts);
    expect(readWorkingSet(path, memoryBytes)).toEqual(parts);
  });

  it('one that is missing, unreadable or no working set is an empty one', () => {
    const odd = join(directory, 'odd');
    writeFileSync(odd, 'something else');
    for (const path of [undefined, join(directory, 'missing'), directory, odd])
      expect(readWorkingSet(path, memoryBytes)).toEqual([]);
  });
});

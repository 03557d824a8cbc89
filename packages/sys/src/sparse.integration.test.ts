import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dataRanges, punchHole } from './sparse.ts';

const page = 4096;
let directory: string;
let file: number;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sparse-'));
  file = openSync(join(directory, 'file'), 'wx+');
});
afterEach(() => {
  closeSync(file);
  rmSync(directory, { recursive: true });
});

const writePage = (index: number) => writeSync(file, Buffer.alloc(page, 1), 0, page, index * page);

describe('a sparse file', () => {
  it('tells which parts were written, zeros among them, and which were not', () => {
    ftruncateSync(file, 100 * page);
    for (const index of [3, 4, 50]) writePage(index);
    writeSync(file, Buffer.alloc(page), 0, page, 98 * page);
    expect([...dataRanges(file, 100 * page)]).toEqual([
      { offset: 3 * page, length: 2 * page },
      { offset: 50 * page, length: page },
      { offset: 98 * page, length: page },
    ]);
  });

  it('has no data where nothing was written, and none behind the end that is asked for', () => {
    expect([...dataRanges(file, 10 * page)]).toEqual([]);
    ftruncateSync(file, 10 * page);
    expect([...dataRanges(file, 10 * page)]).toEqual([]);
    for (const index of [1, 2, 3]) writePage(index);
    expect([...dataRanges(file, 2 * page)]).toEqual([{ offset: page, length: page }]);
  });

  it('reads as zeros where a hole was made, and keeps its size', () => {
    for (let index = 0; index < 8; index++) writePage(index);
    punchHole(file, 2 * page, 4 * page);
    expect([...dataRanges(file, 8 * page)].map(({ length }) => length)).toEqual([2 * page, 2 * page]);
    const bytes = Buffer.alloc(4 * page, 7);
    readSync(file, bytes, 0, bytes.length, 2 * page);
    expect(bytes.every((byte) => byte === 0)).toBe(true);
    expect(fstatSync(file).size).toBe(8 * page);
  });
});

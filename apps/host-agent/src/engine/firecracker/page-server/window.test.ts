import { test } from '@fast-check/vitest';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pageBytes } from '../../engine.ts';
import { Window } from './window.ts';

const kibibyte = 1 << 10;
const mebibyte = 1 << 20;

describe('what is placed for a missing page', () => {
  it('is what lies around it', () => {
    expect(new Window().around(100 * kibibyte)).toEqual({ offset: 64 * kibibyte, length: 64 * kibibyte });
  });

  it('is twice as much with each fault that follows on the last, up to 2 MiB', () => {
    const window = new Window();
    let offset = 0;
    const lengths = Array.from({ length: 8 }, () => {
      const part = window.around(offset);
      offset = part.offset + part.length;
      return part.length / kibibyte;
    });
    expect(lengths).toEqual([64, 128, 256, 512, 1_024, 2_048, 2_048, 2_048]);
  });

  it('is little again after a jump', () => {
    const window = new Window();
    window.around(0);
    window.around(64 * kibibyte);
    expect(window.around(8 * mebibyte).length).toBe(64 * kibibyte);
  });

  it('is the whole neighbourhood once a quarter of that was asked for, and little elsewhere still', () => {
    const window = new Window();
    const faults = [0, 5, 10, 15, 20, 25, 30, 3].map((each) => 4 * mebibyte + each * 64 * kibibyte);
    for (const each of faults) expect(window.around(each).length).toBe(64 * kibibyte);
    expect(window.around(4 * mebibyte + 700 * kibibyte)).toEqual({
      offset: 4 * mebibyte,
      length: 2 * mebibyte,
    });
    expect(window.around(9 * mebibyte).length).toBe(64 * kibibyte);
  });

  test.prop([fc.array(fc.nat({ max: 100_000 }))])('is whole pages, and has the page', (pages) => {
    const window = new Window();
    for (const page of pages) {
      const { offset, length } = window.around(page * pageBytes);
      expect(offset % pageBytes).toBe(0);
      expect(length % pageBytes).toBe(0);
      expect(offset <= page * pageBytes && (page + 1) * pageBytes <= offset + length).toBe(true);
    }
  });
});

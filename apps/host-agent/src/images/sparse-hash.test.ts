import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { touchedBlocks } from './sparse-hash.ts';

const blockBytes = 64 * 1024;

describe('touchedBlocks', () => {
  it('visits a block once that two ranges share', () => {
    const ranges = [
      { start: 0, length: 10 },
      { start: 4096, length: blockBytes },
    ];
    expect([...touchedBlocks(ranges)]).toEqual([0, 1]);
  });

  const gapsAndLengths = fc.array(fc.tuple(fc.nat(200_000), fc.integer({ min: 1, max: 200_000 })), {
    maxLength: 8,
  });
  test.prop([gapsAndLengths])('visits every block with data, in order, and no other', (pairs) => {
    let end = 0;
    const ranges = pairs.map(([gap, length]) => {
      const start = end + gap;
      end = start + length;
      return { start, length };
    });
    const expected = new Set(ranges.flatMap(({ start, length }) => [...blocksOf(start, start + length)]));
    expect([...touchedBlocks(ranges)]).toEqual([...expected]);
  });
});

function* blocksOf(start: number, end: number): Generator<number> {
  for (let at = start; at < end; at = (Math.floor(at / blockBytes) + 1) * blockBytes) {
    yield Math.floor(at / blockBytes);
  }
}

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SlotAllocator } from './slot-allocator.ts';

describe('SlotAllocator', () => {
  it('starts after the index of services and uses a freed one last', () => {
    const allocator = new SlotAllocator({ first: 10, count: 4 });
    expect(allocator.take()).toBe(11);
    allocator.giveBack(11);
    expect([allocator.take(), allocator.take(), allocator.take(), allocator.take()]).toEqual([
      12,
      13,
      11,
      undefined,
    ]);
  });

  it('does not give out what was claimed', () => {
    const allocator = new SlotAllocator({ first: 10, count: 4 });
    expect(allocator.claim(11)).toBe(true);
    expect(allocator.claim(11)).toBe(false);
    expect([allocator.take(), allocator.take(), allocator.take()]).toEqual([12, 13, undefined]);
  });

  it('refuses indexes outside its range and returns that were not taken', () => {
    const allocator = new SlotAllocator({ first: 10, count: 4 });
    expect(() => allocator.claim(10)).toThrow(RangeError);
    expect(() => allocator.claim(14)).toThrow(RangeError);
    expect(() => allocator.giveBack(12)).toThrow(RangeError);
  });

  it('never gives out an index twice, loses none, and fills the range exactly', () => {
    const steps = fc.array(fc.option(fc.nat(), { nil: undefined }), { maxLength: 200 });
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 12 }), steps, (count, list) => {
        const allocator = new SlotAllocator({ first: 100, count });
        const taken: number[] = [];
        for (const giveBack of list) {
          const [index] = giveBack === undefined ? [] : taken.splice(giveBack % Math.max(1, taken.length), 1);
          if (index !== undefined) allocator.giveBack(index);
          const next = allocator.take();
          expect(next === undefined).toBe(taken.length === count - 1);
          if (next === undefined) continue;
          expect(taken).not.toContain(next);
          expect(next).toBeGreaterThan(100);
          expect(next).toBeLessThan(100 + count);
          taken.push(next);
          expect(allocator.free).toBe(count - 1 - taken.length);
        }
      }),
    );
  });
});

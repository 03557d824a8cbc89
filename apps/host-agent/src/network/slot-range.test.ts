import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lastSlot, slotAt } from './slot.ts';
import { indexInName, isCapsuleSlot, rangeNames, type SlotRange } from './slot-range.ts';

const anyRange: fc.Arbitrary<SlotRange> = fc
  .integer({ min: 1, max: lastSlot - 1 })
  .chain((first) =>
    fc.record({ first: fc.constant(first), count: fc.integer({ min: 2, max: lastSlot - first + 1 }) }),
  );

describe('rangeNames', () => {
  it('gives the first index to services and the rest to capsules', () => {
    expect(rangeNames({ first: 1, count: 100 })).toEqual({
      serviceAddress: '10.12.0.2',
      serviceLabel: 'lo:wrenn-1',
      table: 'wrenn_1',
      interfaceGroup: 0x5752_0001,
      peers: '10.12.0.5-10.12.0.201',
    });
  });

  it('names a single peer by itself', () => {
    expect(rangeNames({ first: 1, count: 2 }).peers).toBe('10.12.0.5');
  });

  it('fits the names of interfaces and labels into what the kernel takes', () => {
    fc.assert(
      fc.property(anyRange, (range) => {
        expect(rangeNames(range).serviceLabel.length).toBeLessThanOrEqual(15);
        expect(slotAt(range.first).veth.length).toBeLessThanOrEqual(15);
      }),
    );
  });

  it.each([
    { first: 0, count: 5 },
    { first: 1, count: 1 },
    { first: 1, count: 2.5 },
    { first: lastSlot, count: 2 },
  ])('refuses %o', (range) => {
    expect(() => rangeNames(range)).toThrow(RangeError);
  });
});

describe('indexInName', () => {
  it('finds every slot by the names it gives', () => {
    fc.assert(
      fc.property(anyRange, fc.integer({ min: 1, max: lastSlot }), (range, index) => {
        const slot = slotAt(index);
        const expected = isCapsuleSlot(range, index) ? index : undefined;
        expect(indexInName(range, slot.namespace)).toBe(expected);
        expect(indexInName(range, slot.veth)).toBe(expected);
      }),
    );
  });

  it.each([
    'eth0',
    'wrenn-ns-',
    'wrenn-ns-01',
    'wrenn-ns-7x',
    'xwrenn-ns-7',
    'wrenn-svc-7',
    'wrenn-ns-99999',
  ])('does not take %s for one', (name) => {
    expect(indexInName({ first: 1, count: lastSlot }, name)).toBeUndefined();
  });
});

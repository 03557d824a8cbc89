import { describe, expect, it } from 'vitest';
import { slotsOf } from './config.ts';
import { selftestSlots } from './network/slot-range.ts';

describe('slotsOf', () => {
  it('takes a range that ends where the self-test begins', () => {
    const config = { slotFirst: selftestSlots.first - 10, slotCount: 10 };
    expect(slotsOf(config)).toEqual({ first: config.slotFirst, count: 10 });
  });

  it.each([
    [
      'reaches into the self-test’s',
      { slotFirst: selftestSlots.first - 10, slotCount: 11 },
      'WRENN_SLOT_FIRST',
    ],
    ['has no room for a capsule', { slotFirst: 1, slotCount: 1 }, 'WRENN_SLOT_COUNT'],
  ])('refuses a range that %s, naming the setting', (_, config, variable) => {
    expect(() => slotsOf(config)).toThrow(
      expect.objectContaining({ message: expect.stringContaining(variable) }),
    );
  });
});

import { describe, expect, it } from 'vitest';
import { hostRules } from './host-rules.ts';
import { slotAt } from './slot.ts';
import { rangeNames } from './slot-range.ts';
import { slotRules } from './slot-rules.ts';

/** The texts as they are loaded, so that a change of policy shows in a review. */
describe('rules', () => {
  it('of a slot', async () => {
    const range = rangeNames({ first: 1, count: 100 });
    await expect(slotRules(slotAt(2), range.serviceAddress)).toMatchFileSnapshot('slot-rules.golden.nft');
  });

  it('of the host', async () => {
    await expect(hostRules(rangeNames({ first: 1, count: 100 }))).toMatchFileSnapshot(
      'host-rules.golden.nft',
    );
  });
});

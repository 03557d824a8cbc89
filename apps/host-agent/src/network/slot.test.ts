import { describe, expect, it } from 'vitest';
import { lastSlot, slotAt } from './slot.ts';

describe('slotAt', () => {
  it('gives the addresses that operators know from the predecessor', () => {
    expect(slotAt(1)).toMatchObject({
      namespace: 'wrenn-ns-1',
      hostAddress: '10.11.0.1',
      vethAddress: '10.12.0.2',
      peerAddress: '10.12.0.3',
    });
    expect(slotAt(lastSlot)).toMatchObject({ hostAddress: '10.11.127.255', peerAddress: '10.12.255.255' });
  });

  it.each([0, -1, 1.5, lastSlot + 1, Number.NaN])('refuses %s', (index) => {
    expect(() => slotAt(index)).toThrow(RangeError);
  });
});

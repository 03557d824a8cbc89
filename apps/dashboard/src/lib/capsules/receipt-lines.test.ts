import { expect, it } from 'vitest';
import { receiptLines } from './receipt-lines.ts';

it('what the guest fixed is said in words', () => {
  const receipt = {
    clock: { steppedByMs: -1_500 },
    entropy: { reseeded: true },
    identity: { sshHostKeys: 'removed' },
    connections: { closed: 2 },
  };
  expect(receiptLines(receipt).map(({ label, said }) => `${label}: ${said}`)).toEqual([
    'Clock: set back by 1.5 s',
    'Random pool: new',
    'Keys of SSH: removed; new ones follow',
    'Connections of before: 2 closed',
  ]);
});

it('what is not known is said as it came', () => {
  expect(receiptLines({ later: { list: [1, null] }, clock: { steppedByMs: 'far' } })).toEqual([
    { label: 'later.list', said: '[1,null]' },
    { label: 'Clock', said: 'far' },
  ]);
});

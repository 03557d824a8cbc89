import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { atMost } from './at-most.ts';

test.prop([fc.array(fc.nat(5), { maxLength: 40 }), fc.integer({ min: 1, max: 6 })])(
  'all are done, never more than so many at once, and the results are in order',
  async (items, count) => {
    let running = 0;
    let most = 0;
    const results = await atMost(count, items, async (turns) => {
      running += 1;
      most = Math.max(most, running);
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      running -= 1;
      return turns;
    });
    expect(results).toEqual(items);
    expect(most).toBeLessThanOrEqual(count);
  },
);

test('after a fault no more are begun, and it is thrown when the others have ended', async () => {
  const begun: number[] = [];
  const ended: number[] = [];
  const work = async (item: number) => {
    begun.push(item);
    if (item === 1) throw new RangeError('the second');
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    ended.push(item);
  };
  await expect(atMost(2, [0, 1, 2, 3], work)).rejects.toThrow('the second');
  expect(begun).toEqual([0, 1]);
  expect(ended).toEqual([0]);
});

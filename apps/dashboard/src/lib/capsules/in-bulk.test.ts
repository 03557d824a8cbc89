import { expect, it } from 'vitest';
import { inBulk } from './in-bulk.ts';

it('each is done once, a few at a time', async () => {
  let under = 0;
  let most = 0;
  const done: number[] = [];
  const items = Array.from({ length: 20 }, (_, index) => index);
  const result = await inBulk(
    items,
    async (item) => {
      under += 1;
      most = Math.max(most, under);
      await Promise.resolve();
      done.push(item);
      under -= 1;
    },
    () => {},
  );
  expect(done.toSorted((left, right) => left - right)).toEqual(items);
  expect(most).toBe(4);
  expect(result).toEqual({ done: 20, failed: 0, fault: undefined });
});

it('one that fails keeps no other from being done', async () => {
  const settled: number[] = [];
  const fault = new Error('busy');
  const result = await inBulk(
    [1, 2, 3],
    async (item) => {
      if (item === 2) throw fault;
    },
    (count) => settled.push(count),
  );
  expect(result).toEqual({ done: 2, failed: 1, fault });
  expect(settled).toEqual([1, 2, 3]);
});

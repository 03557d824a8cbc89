import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { oneAtATime } from './one-at-a-time.ts';

it('lets one work after the other, also after one that failed', async () => {
  let working = 0;
  let most = 0;
  const work = async () => {
    working += 1;
    most = Math.max(most, working);
    await sleep(1);
    working -= 1;
    throw new Error('this one fails');
  };
  const name = `a test of process ${process.pid}`;
  const outcomes = await Promise.allSettled([1, 2, 3].map(() => oneAtATime(name, work)));
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(most).toBe(1);
});

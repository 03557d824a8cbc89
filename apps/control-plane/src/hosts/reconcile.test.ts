import { expect, test } from 'vitest';
import { settle } from './reconcile.ts';

const running = { status: 'running' };
const broken = { status: 'error' };
const hourMs = 3_600_000;

test.each([
  ['a capsule that runs stays', 'running', hourMs, running, false, undefined],
  ['one that is gone is over', 'running', hourMs, undefined, false, 'destroy'],
  ['one that a new agent does not show is looked at again', 'running', hourMs, undefined, true, undefined],
  ['one whose machine broke has failed', 'running', hourMs, broken, false, 'fail'],
  ['a missing one that is there is found', 'missing', hourMs, running, false, 'find'],
  ['a missing one that is gone is over', 'missing', hourMs, undefined, false, 'destroy'],
  ['a young create is left alone', 'pending', 1000, undefined, false, undefined],
  ['a young create is left alone though its machine is there', 'pending', 1000, running, false, undefined],
  ['an old create with a machine is found', 'pending', hourMs, running, false, 'find'],
  ['an old create without one has failed', 'starting', hourMs, undefined, false, 'fail'],
  ['an old create with a broken one has failed', 'pending', hourMs, broken, false, 'fail'],
] as const)('%s', (_, status, ageMs, machine, isNewAgent, action) => {
  expect(settle({ status, ageMs }, machine, isNewAgent)).toBe(action);
});

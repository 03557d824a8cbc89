import { expect, test } from 'vitest';
import { settle } from './reconcile.ts';

const running = { status: 'running' };
const paused = { status: 'paused' };
const starting = { status: 'starting' };
const broken = { status: 'error' };
const hourMs = 3_600_000;

const gone = undefined;

/** Row, its age, the host's machine, whether the agent is new -> action. */
test.each([
  ['a capsule that runs stays', 'running', hourMs, running, false, undefined],
  ['one that is gone is over', 'running', hourMs, gone, false, 'destroy'],
  ['one that a new agent does not show is looked at again', 'running', hourMs, gone, true, undefined],
  ['one whose machine broke has failed', 'running', hourMs, broken, false, 'fail'],
  ['one that its host paused is paused', 'running', 1000, paused, false, 'find_paused'],
  ['one that a new agent has paused is paused', 'running', 1000, paused, true, 'find_paused'],
  ['one that its host starts is left alone', 'running', 1000, starting, false, undefined],
  ['a missing one that is there is found', 'missing', hourMs, running, false, 'find'],
  ['a missing one that is paused is found so', 'missing', hourMs, paused, false, 'find_paused'],
  ['a missing one that is being started is left alone', 'missing', hourMs, starting, false, undefined],
  ['a missing one that broke has failed', 'missing', hourMs, broken, false, 'fail'],
  ['a missing one that is gone is over', 'missing', hourMs, gone, false, 'destroy'],
  [
    'a missing one that a new agent does not show is looked at again',
    'missing',
    hourMs,
    gone,
    true,
    undefined,
  ],
  ['a paused one that is paused stays', 'paused', hourMs, paused, false, undefined],
  ['a paused one that runs is found', 'paused', 1000, running, false, 'find'],
  ['a paused one that its host starts is left alone', 'paused', hourMs, starting, false, undefined],
  ['a paused one that a new agent does not show is looked at again', 'paused', hourMs, gone, true, undefined],
  [
    'a paused one whose state is gone has failed, and was not destroyed',
    'paused',
    hourMs,
    gone,
    false,
    'fail',
  ],
  ['a paused one that broke has failed', 'paused', hourMs, broken, false, 'fail'],
  ['a resume that failed unseen is paused', 'starting', 1000, paused, false, 'find_paused'],
  ['a resume that went well unseen is found', 'starting', 1000, running, false, 'find'],
  ['a young resume that its host is at is left alone', 'starting', 1000, starting, false, undefined],
  ['a young resume without a machine is left alone', 'starting', 1000, gone, false, undefined],
  ['an old resume without a machine has failed', 'starting', hourMs, gone, false, 'fail'],
  ['a young create is left alone', 'pending', 1000, gone, false, undefined],
  ['a young create is left alone though its machine is there', 'pending', 1000, running, false, undefined],
  ['an old create with a machine is found', 'pending', hourMs, running, false, 'find'],
  ['an old create whose machine was paused is found', 'pending', hourMs, paused, false, 'find'],
  ['an old create without one has failed', 'pending', hourMs, gone, false, 'fail'],
  ['an old create with a broken one has failed', 'pending', hourMs, broken, false, 'fail'],
  ['what is over stays over', 'stopped', hourMs, paused, false, undefined],
  ['what failed stays failed', 'error', hourMs, running, false, undefined],
] as const)('%s', (_, status, ageMs, machine, isNewAgent, action) => {
  expect(settle({ status, ageMs }, machine, isNewAgent)).toBe(action);
});

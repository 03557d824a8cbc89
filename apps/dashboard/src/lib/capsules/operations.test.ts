import { capsuleStates } from '@wrenn/core/capsule-state';
import { expect, it } from 'vitest';
import { operationNames, whyNot } from './operations.ts';

it('each state offers what the table of states allows', () => {
  const offered = (state: (typeof capsuleStates)[number]) =>
    operationNames.filter((operation) => whyNot(operation, state, undefined) === undefined);
  expect(Object.fromEntries(capsuleStates.map((state) => [state, offered(state)]))).toEqual({
    pending: ['destroy'],
    starting: ['destroy'],
    running: ['pause', 'snapshot', 'checkpoint', 'fork', 'destroy'],
    paused: ['resume', 'snapshot', 'checkpoint', 'fork', 'destroy'],
    stopped: [],
    missing: ['destroy'],
    error: ['destroy'],
  });
});

it('what cannot be asked for says what it needs', () => {
  expect(whyNot('fork', 'missing', undefined)).toBe(
    'It is missing; this needs one that is running or paused.',
  );
  expect(whyNot('destroy', 'stopped', undefined)).toBe('It is destroyed.');
});

it('while something is done to it nothing else can be asked for', () => {
  expect(whyNot('destroy', 'running', 'forking')).toBe('It is forking.');
});

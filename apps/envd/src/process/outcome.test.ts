import { expect, test } from 'vitest';
import { endEventOf } from './outcome.ts';

test('an exit carries its code', () => {
  expect(endEventOf({ kind: 'exited', code: 42 })).toStrictEqual({
    exitCode: 42,
    exited: true,
    status: 'exit status 42',
  });
});

test('a signal is no exit, and its code is that of a shell', () => {
  expect(endEventOf({ kind: 'signalled', signal: 'SIGKILL' })).toStrictEqual({
    exitCode: 137,
    exited: false,
    status: 'signal: killed',
  });
  expect(endEventOf({ kind: 'signalled', signal: 'SIGTERM' })).toMatchObject({
    exitCode: 143,
    status: 'signal: terminated',
  });
});

test('a command that is not there, or cannot be run, ends as in a shell', () => {
  expect(endEventOf({ kind: 'not-found', cmd: 'nope' })).toStrictEqual({
    exitCode: 127,
    exited: true,
    status: 'exit status 127',
    error: 'nope: command not found',
  });
  expect(
    endEventOf({ kind: 'not-executable', cmd: '/etc/passwd', reason: 'permission denied' }),
  ).toMatchObject({
    exitCode: 126,
    exited: true,
    error: '/etc/passwd: permission denied',
  });
});

import { expect, it } from 'vitest';
import { asForwardFault, nextAttemptAfter } from './dial.ts';

const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });

it('tries a port that is closed three times, and longer where the capsule has just gone on', () => {
  expect([1, 2, 3].map((attempt) => nextAttemptAfter(attempt, refused, {}))).toEqual([100, 200, undefined]);
  const comingUpUntilMs = performance.now() + 60_000;
  expect([1, 2, 3, 9].map((attempt) => nextAttemptAfter(attempt, refused, { comingUpUntilMs }))).toEqual([
    100, 200, 300, 300,
  ]);
  expect(nextAttemptAfter(3, refused, { comingUpUntilMs: performance.now() - 1 })).toBeUndefined();
});

it('tries nothing again that was not refused: what was sent may have arrived', () => {
  const reset = Object.assign(new Error('reset'), { code: 'ECONNRESET' });
  expect(nextAttemptAfter(1, reset, { comingUpUntilMs: performance.now() + 60_000 })).toBeUndefined();
});

it.each([
  ['ECONNREFUSED', 'closed'],
  ['EHOSTUNREACH', 'unreachable'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'unreachable'],
  ['ENOTFOUND', 'unreachable'],
  ['ECONNRESET', 'broken'],
  ['UND_ERR_SOCKET', 'broken'],
  ['HPE_INVALID_CONSTANT', 'unspeakable'],
  ['UND_ERR_HEADERS_OVERFLOW', 'unspeakable'],
  ['UND_ERR_INVALID_ARG', 'unspeakable'],
])('takes %s of a relay as that it is %s, and says that it is the relay', (code, kind) => {
  const fault = asForwardFault(Object.assign(new Error('x'), { code }), { hop: 'relay' });
  expect([fault.kind, fault.hop]).toEqual([kind, 'relay']);
});

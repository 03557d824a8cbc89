import { expect, test } from 'vitest';
import { checkConditions, mayWrite, rangeApplies } from './validators.ts';

const file = { etag: '"a"', 'last-modified': 'Wed, 01 Jul 2026 10:00:00 GMT' };
const before = 'Wed, 01 Jul 2026 09:00:00 GMT';
const after = 'Wed, 01 Jul 2026 11:00:00 GMT';

test.each([
  [{}, 'send'],
  [{ 'if-none-match': '"a"' }, 'not-modified'],
  [{ 'if-none-match': 'W/"a"' }, 'not-modified'],
  [{ 'if-none-match': '"b", "a"' }, 'not-modified'],
  [{ 'if-none-match': '*' }, 'not-modified'],
  [{ 'if-none-match': '"b"' }, 'send'],
  [{ 'if-modified-since': file['last-modified'] }, 'not-modified'],
  [{ 'if-modified-since': before }, 'send'],
  [{ 'if-modified-since': 'yesterday' }, 'send'],
  // The tag is the better witness of the two.
  [{ 'if-none-match': '"b"', 'if-modified-since': after }, 'send'],
  [{ 'if-match': '"a"' }, 'send'],
  [{ 'if-match': '"b", "a"' }, 'send'],
  [{ 'if-match': '*' }, 'send'],
  [{ 'if-match': '"b"' }, 'failed'],
  [{ 'if-match': 'W/"a"' }, 'failed'],
  [{ 'if-match': 'nonsense' }, 'failed'],
  [{ 'if-unmodified-since': after }, 'send'],
  [{ 'if-unmodified-since': before }, 'failed'],
  [{ 'if-unmodified-since': 'yesterday' }, 'send'],
  [{ 'if-match': '"a"', 'if-unmodified-since': before }, 'send'],
] as const)('%j comes to %s', (headers, outcome) => {
  expect(checkConditions(headers, file)).toBe(outcome);
});

test.each([
  [{}, true, true],
  [{ 'if-match': '"a"' }, true, false],
  [{ 'if-match': '"b", "a"' }, true, false],
  [{ 'if-match': '"b"' }, false, false],
  [{ 'if-match': '*' }, true, false],
  [{ 'if-match': 'nonsense' }, false, false],
  [{ 'if-none-match': '*' }, false, true],
  [{ 'if-none-match': '"a"' }, false, true],
  [{ 'if-none-match': '"b"' }, true, true],
  [{ 'if-match': '"a"', 'if-none-match': '"a"' }, false, false],
] as const)('%j lets a file be replaced: %s, and made: %s', (headers, replaced, made) => {
  expect(mayWrite(headers, file)).toBe(replaced);
  expect(mayWrite(headers, undefined)).toBe(made);
});

test('a range applies only to the version that its client has', () => {
  for (const same of [undefined, '"a"', file['last-modified']]) {
    expect(rangeApplies(same === undefined ? {} : { 'if-range': same }, file)).toBe(true);
  }
  for (const other of ['"b"', 'W/"a"', after, '']) {
    expect(rangeApplies({ 'if-range': other }, file)).toBe(false);
  }
});

import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { parseTimestampNs } from './timestamp.ts';

test.prop([fc.date({ min: new Date(0), max: new Date('2999-01-01'), noInvalidDate: true })])(
  'reads what a Date prints',
  (date) => {
    expect(parseTimestampNs(date.toISOString())).toBe(BigInt(date.getTime()) * 1_000_000n);
  },
);

test('keeps nanoseconds, which a Date would lose', () => {
  expect(parseTimestampNs('2026-01-02T03:04:05.123456789Z')).toBe(1767323045_123456789n);
  expect(parseTimestampNs('2026-01-02T03:04:05.1Z')).toBe(1767323045_100000000n);
});

test('knows zones', () => {
  expect(parseTimestampNs('2026-01-02T05:04:05+02:00')).toBe(parseTimestampNs('2026-01-02T03:04:05z'));
});

test.each([
  '',
  'now',
  '2026-01-02',
  '2026-01-02T03:04:05',
  '2026-13-02T03:04:05Z',
  '1969-12-31T23:59:59Z',
  '2026-01-02T03:04:05.1234567890Z',
])('refuses %j', (text) => {
  expect(parseTimestampNs(text)).toBeUndefined();
});

import { expect, test } from 'vitest';
import { hostsWith } from './hostname.ts';

test("adds the machine's own name and leaves every other line alone", () => {
  expect(hostsWith('cl-a', '127.0.0.1 localhost\n# mine\n10.0.0.1 db\n')).toBe(
    '127.0.0.1 localhost\n# mine\n10.0.0.1 db\n127.0.1.1 cl-a\n',
  );
});

test('replaces an earlier name, and does nothing the second time', () => {
  const once = hostsWith('cl-b', '127.0.1.1\tcl-a\n127.0.0.1 localhost');
  expect(once).toBe('127.0.0.1 localhost\n127.0.1.1 cl-b\n');
  expect(hostsWith('cl-b', once)).toBe(once);
});

test('an empty file gets the one line', () => {
  expect(hostsWith('cl-a', '')).toBe('127.0.1.1 cl-a\n');
});

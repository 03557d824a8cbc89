import { expect, test } from 'vitest';
import { usernameOf } from './basic-auth.ts';

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

test('the name is what stands before the first colon', () => {
  expect(usernameOf(basic('user:'))).toBe('user');
  expect(usernameOf(basic('user:pass:word'))).toBe('user');
  expect(usernameOf(basic('user'))).toBe('user');
});

test('nobody is named without a header or with an empty name', () => {
  expect(usernameOf(null)).toBeUndefined();
  expect(usernameOf(basic(':'))).toBeUndefined();
});

test.each(['Bearer abc', 'Basic', 'Basic ???'])('%j is not a Basic header', (header) => {
  expect(() => usernameOf(header)).toThrow(expect.objectContaining({ code: 'unauthorized' }));
});

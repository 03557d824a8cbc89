import { expect, test } from 'vitest';
import { usernameOf } from './authorization.ts';

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

test('the name is what stands before the first colon', () => {
  expect(usernameOf(basic('user:'))).toBe('user');
  expect(usernameOf(basic('user:pass:word'))).toBe('user');
  expect(usernameOf(basic('user'))).toBe('user');
});

test('a User header names a user with a group', () => {
  expect(usernameOf(`User ${btoa('1000:staff')}`)).toBe('1000:staff');
  expect(usernameOf(`user ${btoa('user')}`)).toBe('user');
  expect(usernameOf(basic('1000:staff'))).toBe('1000');
});

test('nobody is named without a header or with an empty name', () => {
  expect(usernameOf(null)).toBeUndefined();
  expect(usernameOf(basic(':'))).toBeUndefined();
});

test.each(['Bearer abc', 'Basic', 'Basic ???', 'User', 'Users dXNlcg=='])(
  '%j names nobody, and is refused',
  (header) => {
    expect(() => usernameOf(header)).toThrow(expect.objectContaining({ code: 'unauthorized' }));
  },
);

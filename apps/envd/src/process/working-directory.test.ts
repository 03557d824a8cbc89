import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { resolvePath } from './working-directory.ts';

test('a tilde and a relative path start at the home', () => {
  expect(resolvePath('~', '/home/user')).toBe('/home/user');
  expect(resolvePath('~/a', '/home/user')).toBe('/home/user/a');
  expect(resolvePath('a/b', '/home/user')).toBe('/home/user/a/b');
  expect(resolvePath('', '/home/user')).toBe('/home/user');
});

test('the home of another user is not looked up', () => {
  expect(resolvePath('~other', '/home/user')).toBe('/home/user/~other');
});

test.prop([fc.string()])('the result is absolute, and an absolute path stays as it is', (path) => {
  const resolved = resolvePath(path, '/home/user');
  expect(resolved.startsWith('/')).toBe(true);
  if (path.startsWith('/')) expect(resolved).toBe(path);
});

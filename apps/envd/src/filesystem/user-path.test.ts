import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { resolveUserPath } from './user-path.ts';

const user = { home: '/home/user' };
const resolve = (path: string, workdir?: string) => resolveUserPath(path, user, workdir);

test('a tilde and a relative path start at the home', () => {
  expect(resolve('~')).toBe('/home/user');
  expect(resolve('~/a')).toBe('/home/user/a');
  expect(resolve('a/b', '/work')).toBe('/home/user/a/b');
});

test('who has no home starts at the root', () => {
  const nobody = { home: '/' };
  expect(resolveUserPath('a', nobody, undefined)).toBe('/a');
  expect(resolveUserPath('~/a', nobody, undefined)).toBe('/a');
  expect(resolveUserPath('', nobody, undefined)).toBe('/');
});

test('no path is the default folder, or else the home', () => {
  expect(resolve('', '/work')).toBe('/work');
  expect(resolve('', '~/src')).toBe('/home/user/src');
  expect(resolve('')).toBe('/home/user');
});

test('the home of another user, a NUL and half a character are refused, by the name of the field', () => {
  for (const path of ['~other', '~other/a', 'a\0b', '\0', '/a\ud800']) {
    expect(() => resolveUserPath(path, user, undefined, 'source')).toThrow(
      expect.objectContaining({ code: 'invalid_request', field: 'source' }),
    );
  }
});

test.prop([fc.string()])('the result is absolute, and an absolute path stays as it is', (path) => {
  fc.pre(!path.includes('\0') && !/^~[^/]/.test(path));
  const resolved = resolve(path);
  expect(resolved.startsWith('/')).toBe(true);
  if (path.startsWith('/')) expect(resolved).toBe(path);
});

test.prop([fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)), maxLength: 10_000 })])(
  'any text is an absolute path, or refused by the name of the field',
  (path) => {
    let resolved: string;
    try {
      resolved = resolve(path);
    } catch (thrown) {
      expect(thrown).toMatchObject({ code: 'invalid_request', field: 'path' });
      return;
    }
    expect(resolved.startsWith('/')).toBe(true);
    expect(Buffer.from(resolved).toString()).toBe(resolved);
  },
);

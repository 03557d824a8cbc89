import { posix } from 'node:path';
import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { baseName, cleanPath, parentOf } from './path-parts.ts';

test.each([
  ['/', '/'],
  ['//a///b/', '/a/b'],
  ['/a/./b/.', '/a/b'],
  ['/a/../b', '/a/../b'],
  ['/a/..', '/a/..'],
])('%s is cleanly %s', (path, clean) => {
  expect(cleanPath(path)).toBe(clean);
});

test.prop([fc.array(fc.constantFrom('a', 'b', '.', '', '..')).map((parts) => `/${parts.join('/')}`)])(
  'a clean path leads where the path leads, and its parts are those of the library',
  (path) => {
    const clean = cleanPath(path);
    expect(posix.normalize(clean).replace(/(.)\/$/, '$1')).toBe(
      posix.normalize(path).replace(/(.)\/$/, '$1'),
    );
    expect(cleanPath(clean)).toBe(clean);
    expect(parentOf(clean)).toBe(posix.dirname(clean));
    expect(baseName(clean)).toBe(posix.basename(clean) || '/');
  },
);

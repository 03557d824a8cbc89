import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { baseName, crumbsOf, join, nameProblem, parentOf } from './paths.ts';

const name = fc
  .string({ minLength: 1, maxLength: 40, unit: 'grapheme' })
  .filter((text) => !/[/\0]|^\.{1,2}$|^~/.test(text));

describe('a path', () => {
  it('leads from a folder to a name in it, and back', () => {
    fc.assert(
      fc.property(fc.array(name, { minLength: 1 }), (names) => {
        const path = names.reduce(join, '/');
        expect(baseName(path)).toBe(names.at(-1));
        expect(parentOf(path)).toBe(names.slice(0, -1).reduce(join, '/'));
        expect(crumbsOf(path).map((crumb) => crumb.name)).toEqual(['/', ...names]);
        expect(crumbsOf(path).at(-1)?.path).toBe(path);
      }),
    );
  });

  it('that is absolute, or begins at the home, is itself in any folder', () => {
    expect([join('/tmp', '/etc'), join('/tmp', '~'), join('/tmp', '~/a')]).toEqual(['/etc', '~', '~/a']);
    expect(join('/tmp', '~a')).toBe('/tmp/~a');
  });

  it('of the root is above itself', () => {
    expect([parentOf('/'), parentOf('/tmp'), parentOf('/tmp/')]).toEqual(['/', '/', '/']);
  });
});

describe('a name', () => {
  it.each(['a', ' ', '...', '<b>', 'ש.txt', '💾', 'x'.repeat(255), 'ä'.repeat(127)])(
    'can be "%s"',
    (text) => {
      expect(nameProblem(text)).toBeUndefined();
    },
  );

  it.each(['', '.', '..', 'a/b', 'a\0b', 'x'.repeat(256), 'ä'.repeat(128)])('cannot be "%s"', (text) => {
    expect(nameProblem(text)).toBeDefined();
  });
});

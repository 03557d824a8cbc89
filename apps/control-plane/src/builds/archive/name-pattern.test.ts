import { fc, test } from '@fast-check/vitest';
import { expect, it } from 'vitest';
import { namePattern } from './name-pattern.ts';

it.each([
  ['*', '', true],
  ['*', '.hidden', true],
  ['a*b*c', 'a--b--b-c', true],
  ['a*b*c', 'a--b--b-', false],
  ['?', 'é', true],
  ['??', 'a', false],
  ['[a-c]x', 'bx', true],
  ['[^a-c]x', 'bx', false],
  ['[!a]', '!', true],
  ['[\\]a]', ']', true],
  ['\\*', '*', true],
  ['\\*', 'a', false],
  ['a', 'a', true],
])('%s and %s: %s', (pattern, name, isMatch) => {
  expect(namePattern(pattern).matches(name)).toBe(isMatch);
});

it.each(['[', '[a', '[]a]', '[a-]', '[-a]', 'a\\', '[\\'])('%s is malformed', (pattern) => {
  expect(() => namePattern(pattern)).toThrow(/not complete/);
});

it('one without wildcards is a name', () => {
  expect(namePattern('a\\*').literal).toBe('a*');
  expect(namePattern('a*').literal).toBeUndefined();
});

it('many stars are no work without end', () => {
  expect(namePattern(`${'*a'.repeat(60)}b`).matches('a'.repeat(255))).toBe(false);
});

test.prop([fc.string()])('a name matches itself when its special characters are escaped', (name) => {
  expect(namePattern(name.replace(/[*?[\\]/g, '\\$&')).matches(name)).toBe(true);
});

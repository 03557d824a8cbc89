import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseIgnore } from './ignore.ts';

describe('.dockerignore', () => {
  it.each([
    ['a', 'a', true],
    ['a', 'a/b/c', true],
    ['a', 'b/a', false],
    ['a', 'ab', false],
    ['/a/', 'a', true],
    ['./a/../b', 'b', true],
    ['  a  ', 'a', true],
    ['a\r\nb\r\n', 'b', true],
    ['*', 'a/b', true],
    ['*.md', 'a.md', true],
    ['*.md', 'docs/a.md', false],
    ['*/*.md', 'docs/a.md', true],
    ['a?c', 'abc', true],
    ['a?c', 'a/c', false],
    ['[a-c]x', 'bx', true],
    ['[^a-c]x', 'bx', false],
    ['[^a-c]x', 'dx', true],
    ['[]-a]x', ']x', true],
    ['\\*', '*', true],
    ['\\*', 'a', false],
    ['**/x', 'x', true],
    ['**/x', 'a/b/x/y', true],
    ['**/x', 'ax', false],
    ['**/*.go', 'a/b/c.go', true],
    ['a/**', 'a/b/c', true],
    ['a/**', 'a', false],
    ['a/**/b', 'a/b', true],
    ['a/**/b', 'a/x/y/b', true],
    ['a/**/b', 'a/xb', false],
    ['**', 'a/b', true],
    ['# a', '# a', false],
    [' # a', '# a', true],
    ['', 'a', false],
    ['.', 'a', false],
    ['/', 'a', false],
    ['../a', 'a', false],
    ['\uFEFFa', 'a', true],
    ['a?', 'a😀', true],
  ])('of %j leaves %s out: %s', (text, path, leftOut) => {
    expect(parseIgnore(text)(path)).toBe(leftOut);
  });

  it('is decided by the last rule that fits, so that ! takes back in', () => {
    const isIgnored = parseIgnore('*\n!src\nsrc/*.log\n! src/keep.log');
    expect(['a', 'src/a', 'src/a.log', 'src/keep.log', 'src/deep/a.log'].map(isIgnored)).toEqual([
      true,
      false,
      true,
      false,
      false,
    ]);
  });

  it.each(['[a', '[b-a]', 'a\\', '[\\', '[]'])('with the pattern %s is refused with its line', (pattern) => {
    expect(() => parseIgnore(`# x\n${pattern}`)).toThrow('reading .dockerignore: line 2');
  });

  it('is refused when it is too long', () => {
    expect(() => parseIgnore('#'.repeat(65_537))).toThrow('longer than 64 KiB');
    expect(() => parseIgnore('a\n'.repeat(1_001))).toThrow('more than 1000 rules');
  });

  it('takes a time that grows with its length only, however many wildcards it has', () => {
    expect(parseIgnore(`${'**/a*'.repeat(50)}z`)(`${'a/'.repeat(2_000)}b`)).toBe(false);
  });

  it('leaves out what is in a folder that it leaves out', () => {
    const segment = fc.string({ unit: fc.constantFrom(...'ab.*'), minLength: 1, maxLength: 3 });
    const path = fc.array(
      segment.filter((text) => !/^\.+$/.test(text)),
      { minLength: 1, maxLength: 4 },
    );
    fc.assert(
      fc.property(fc.array(path, { maxLength: 3 }), path, segment, (rules, folder, name) => {
        const isIgnored = parseIgnore(rules.map((rule) => rule.join('/')).join('\n'));
        fc.pre(isIgnored(folder.join('/')));
        expect(isIgnored([...folder, name].join('/'))).toBe(true);
      }),
    );
  });
});

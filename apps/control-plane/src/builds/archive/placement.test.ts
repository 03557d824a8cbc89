import { describe, expect, it } from 'vitest';
import { isDirectoryDestination, placement, targetPath } from './placement.ts';

describe('a destination', () => {
  it.each([
    ['/to/', true],
    ['.', true],
    ['./', true],
    ['/to/..', true],
    ['/to/.', true],
    ['/', true],
    ['/to', false],
    ['/to/.x', false],
  ])('%s can only be a directory: %s', (destination, isDirectory) => {
    expect(isDirectoryDestination(destination)).toBe(isDirectory);
  });

  it.each([
    ['file', '/to', '/to'],
    ['file', '/to/', '/to/a'],
    ['file', '/', '/a'],
    ['directory', '/to', '/to/a'],
    ['directory', '/', '/a'],
    ['several', '/to//x/', '/to/x/a'],
  ] as const)('takes a %s to %s as %s', (shape, destination, path) => {
    expect(targetPath(destination, shape, 'a')).toBe(path);
  });

  it('is where the tar is unpacked, or names the file in there', () => {
    expect(placement('/to/new', 'file')).toEqual({ directory: '/to', name: 'new' });
    expect(placement('/to/', 'directory')).toEqual({ directory: '/to', name: undefined });
  });

  it('of several sources ends in a slash', () => {
    expect(() => placement('/to', 'several')).toThrow(/not written as a directory/);
  });
});

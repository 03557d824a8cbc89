import { describe, expect, it } from 'vitest';
import { ownerOf, portOf, sourcePath } from './names.ts';

describe('an owner', () => {
  it('is a user with a group or without', () => {
    expect(ownerOf('app')).toEqual({ user: 'app' });
    expect(ownerOf('0:www-data')).toEqual({ user: '0', group: 'www-data' });
  });

  it('has no number that stands for nobody', () => {
    expect(ownerOf('4294967294')).toEqual({ user: '4294967294' });
    expect(ownerOf('4294967295')).toBeUndefined();
  });
});

describe('a port', () => {
  it('is of TCP unless it says otherwise', () => {
    expect(portOf('80')).toEqual({ port: 80, protocol: 'tcp' });
    expect(portOf('53/UDP')).toEqual({ port: 53, protocol: 'udp' });
    expect(portOf('')).toBeUndefined();
  });
});

describe('a source', () => {
  it.each([
    ['a/b', 'a/b'],
    ['./a//b/', 'a/b'],
    ['/a', 'a'],
    ['a/../b', 'b'],
    ['.', '.'],
    ['/', '.'],
    ['..foo', '..foo'],
    ['..', undefined],
    ['a/../..', undefined],
  ])('%s is %s below its folder', (written, path) => {
    expect(sourcePath(written)).toBe(path);
  });
});

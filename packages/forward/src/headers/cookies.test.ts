import { describe, expect, it } from 'vitest';
import { cookieIn, ownCookie, withoutPlatformCookies } from './cookies.ts';

describe('cookies for a capsule', () => {
  it.each([
    ['a=1; b=2', 'a=1; b=2'],
    ['wrenn_access=x', undefined],
    ['a=1; wrenn_access=x; __Host-wrenn_session=y; __Secure-wrenn-z=z; b=2', 'a=1; b=2'],
    ['WRENN_ACCESS=x; a=wrenn_access', 'a=wrenn_access'],
    ['mywrenn=1', 'mywrenn=1'],
    ['', ''],
  ])('of %s are %s', (header, kept) => {
    expect(withoutPlatformCookies(header)).toBe(kept);
  });
});

describe('a cookie of a capsule', () => {
  it.each([
    ['a=1; Domain=.example.com; Path=/x; Secure', 'a=1; Path=/x; Secure'],
    ['a=1;domain = example.com;HttpOnly', 'a=1;HttpOnly'],
    ['wrenn_access=1', undefined],
    [' __Host-wrenn_session=1; Path=/', undefined],
    ['a=1', 'a=1'],
  ])('%s is kept as %s', (header, kept) => {
    expect(ownCookie(header, '')).toBe(kept);
  });

  it('is for its own path where all capsules share a name', () => {
    expect(ownCookie('a=1; Path=/x', '/proxy/c/80')).toBe('a=1; Path=/proxy/c/80/x');
    expect(ownCookie('a=1; Path=', '/proxy/c/80')).toBe('a=1; Path=/proxy/c/80/');
  });
});

it('the first cookie of a name counts', () => {
  expect(cookieIn('a=1; b=2=3; b=4', 'b')).toBe('2=3');
  expect(cookieIn(undefined, 'b')).toBeUndefined();
});

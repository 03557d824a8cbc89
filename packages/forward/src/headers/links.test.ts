import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { outsideLocation, outsideRefresh } from './links.ts';

const prefix = '/proxy/cl-x/80';
const inPath = { pathPrefix: prefix, isOwn: (authority: string) => authority === 'app:80' };
const atHost = { ...inPath, pathPrefix: '' };

describe('an address for outside', () => {
  it.each([
    ['/x/', `${prefix}/x/`],
    ['/', `${prefix}/`],
    ['/%2Fa/?u=/b#/c', `${prefix}/%2Fa/?u=/b#/c`],
    ['http://app:80', `${prefix}/`],
    ['HTTP://APP:80/x', `${prefix}/x`],
    ['https://app:80?q', `${prefix}/?q`],
    [`${prefix}/x`, `${prefix}/x`],
    [`http://app:80${prefix}/x`, `${prefix}/x`],
    [prefix, prefix],
    [`${prefix}0/x`, `${prefix}${prefix}0/x`],
    ['x/y', 'x/y'],
    ['', ''],
    ['?q', '?q'],
    ['//app:80/x', '//app:80/x'],
    ['https://other/x', 'https://other/x'],
    ['http://app:80@other/x', 'http://app:80@other/x'],
    ['javascript:alert(1)', 'javascript:alert(1)'],
  ])('of %s is %s in the path form', (location, outside) => {
    expect(outsideLocation(location, inPath)).toBe(outside);
  });

  it('is the path alone where the capsule has a name of its own, so that its scheme does not matter', () => {
    expect(outsideLocation('http://app:80/x/?y', atHost)).toBe('/x/?y');
  });

  it('stays what it is when it is made twice: no loop grows', () => {
    fc.assert(
      fc.property(fc.webPath(), fc.webQueryParameters(), (path, query) => {
        const once = outsideLocation(`${path}?${query}`, inPath);
        expect(outsideLocation(once, inPath)).toBe(once);
      }),
    );
  });
});

it.each([
  ['5; url=/x', `5; url=${prefix}/x`],
  ['0;URL="/x/"', `0;URL="${prefix}/x/"`],
  ["1, '/x'", `1, '${prefix}/x'`],
  ['3', '3'],
  ['0; url=https://other/', '0; url=https://other/'],
])('a Refresh of %s is %s', (header, outside) => {
  expect(outsideRefresh(header, inPath)).toBe(outside);
});

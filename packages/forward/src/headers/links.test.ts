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
    ['/\\app:80/x', '/\\app:80/x'],
    ['http://app:80//other/x', `${prefix}//other/x`],
    ['https://other/x', 'https://other/x'],
    ['http://app:80@other/x', 'http://app:80@other/x'],
    ['javascript:alert(1)', 'javascript:alert(1)'],
  ])('of %s is %s in the path form', (location, outside) => {
    expect(outsideLocation(location, inPath)).toBe(outside);
  });

  it('is the path alone where the capsule has a name of its own, so that its scheme does not matter', () => {
    expect(outsideLocation('http://app:80/x/?y', atHost)).toBe('/x/?y');
  });

  it.each(['//other/x', '///other', '/\\other', '/\t/other', '//'])(
    'is on the same host also for the path %j, which by itself would name another',
    (path) => {
      const location = outsideLocation(`http://app:80${path}`, atHost);
      const { host, pathname } = new URL(location, 'http://here.example/a/b');
      expect(host).toBe('here.example');
      expect(pathname).toBe(path.replaceAll('\\', '/').replaceAll('\t', ''));
    },
  );

  it('stays what it is when it is made twice: no loop grows', () => {
    fc.assert(
      fc.property(fc.webPath(), fc.webQueryParameters(), (path, query) => {
        const once = outsideLocation(`${path}?${query}`, inPath);
        expect(outsideLocation(once, inPath)).toBe(once);
      }),
    );
  });
});

describe('a Refresh', () => {
  it.each([
    ['5; url=/x', `5; url=${prefix}/x`],
    ['0;URL="/x/"', `0;URL="${prefix}/x/"`],
    ["1, '/x'", `1, '${prefix}/x'`],
    ['1.5 /x', `1.5 ${prefix}/x`],
    ['0;url="/x"; more', `0;url="${prefix}/x"; more`],
    ['0;url="/x', `0;url="${prefix}/x`],
    ['0; url = http://app:80/x  ', `0; url = ${prefix}/x  `],
    ['0; urls/x', '0; urls/x'],
    ['3', '3'],
    ['3;', '3;'],
    ['3; url=', '3; url='],
    ['', ''],
    ['soon; url=/x', 'soon; url=/x'],
    ['0/x', '0/x'],
    ['0; url=https://other/', '0; url=https://other/'],
  ])('of %j is %j', (header, outside) => {
    expect(outsideRefresh(header, inPath)).toBe(outside);
  });

  const spaces = fc.stringMatching(/^[ \t]{0,5}$/);

  it('leads below the prefix, however it is written', () => {
    const quote = fc.constantFrom('', '"', "'");
    const path = fc.stringMatching(/^\/[a-z0-9%?=&./-]{0,20}$/).filter((each) => !each.startsWith('//'));
    fc.assert(
      fc.property(fc.nat(), spaces, spaces, spaces, quote, path, (delay, a, b, c, mark, target) => {
        const before = `${delay}${a};${b}url${c}=${a}${mark}`;
        expect(outsideRefresh(`${before}${target}${mark}${b}`, inPath)).toBe(
          `${before}${outsideLocation(target, inPath)}${mark}${b}`,
        );
      }),
    );
  });

  it('that names nothing of the capsule stays what it is', () => {
    const nobodys = { pathPrefix: '', isOwn: () => false };
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.stringMatching(/^[0-9]{0,3}[ ;,]{0,3}(?:url)?[ =]{0,3}["']?[ a/]{0,9}["']?$/),
    );
    fc.assert(
      fc.property(text, (header) => {
        expect(outsideRefresh(header, nobodys)).toBe(header);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['spaces in the address', (many: string) => `0;a${many}b`],
    ['spaces before it', (many: string) => `0${many};${many}url${many}=${many}`],
    ['spaces alone', (many: string) => many],
  ])('with any number of %s is read in one go', (_what, written) => {
    // One that is read again from each of its letters would not be through in the time that a test has.
    const header = written(' '.repeat(400_000));
    expect(outsideRefresh(header, inPath)).toBe(header);
  });
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { passedTrailers } from './trailers.ts';

it('trailers are passed on once each, and none that says what a head says', () => {
  const name = fc.oneof(
    fc.constantFrom(
      'Connection',
      'HOST',
      'content-type',
      'X_Forwarded_For',
      'Set-Cookie',
      'te',
      'X-Wrenn-Access',
    ),
    fc.stringMatching(/^[A-Za-z][A-Za-z0-9_-]{0,12}$/),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(name, fc.stringMatching(/^[!-~]{0,9}$/))), (trailers) => {
      const names = passedTrailers(trailers.flat()).map(([each]) => each.toLowerCase());
      expect(new Set(names).size).toBe(names.length);
      for (const each of names) {
        expect(each).not.toMatch(
          /^(?:connection|host|content-.*|x.forwarded.*|set-cookie|te|x.wrenn.access)$/,
        );
        expect(trailers.some(([given]) => given.toLowerCase() === each)).toBe(true);
      }
    }),
  );
});

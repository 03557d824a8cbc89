import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { browserAddress, browserQuery } from './browser-query.ts';
import { fileSorts } from './sort-entries.ts';

describe('the address of a folder', () => {
  it('says all that is shown, whatever names there are in it', () => {
    const text = fc.string({ minLength: 1, unit: 'grapheme' });
    const query = fc.record({
      ...{ path: text, user: fc.string(), sort: fc.constantFrom(...fileSorts) },
      ...{
        order: fc.constantFrom('asc' as const, 'desc' as const),
        file: fc.option(text, { nil: undefined }),
      },
    });
    fc.assert(
      fc.property(query, (given) => {
        expect(browserQuery(new URLSearchParams(browserAddress(given)))).toEqual(given);
      }),
    );
  });

  it('of nothing is the home of the user, by name', () => {
    expect(browserQuery(new URLSearchParams('sort=weight&order=up'))).toEqual({
      ...{ path: '~', user: '', sort: 'name', order: 'asc', file: undefined },
    });
  });
});

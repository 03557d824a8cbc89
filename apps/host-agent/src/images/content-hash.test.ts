import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { hashInputs } from './content-hash.ts';

describe('hashInputs', () => {
  it('does not depend on the order of the inputs', () => {
    expect(hashInputs({ a: '1', b: '2' })).toBe(hashInputs({ b: '2', a: '1' }));
  });

  it('is 16 hexadecimal digits', () => {
    expect(hashInputs({})).toMatch(/^[0-9a-f]{16}$/);
  });

  it('tells text and the same bytes as equal', () => {
    expect(hashInputs({ a: 'é' })).toBe(hashInputs({ a: Buffer.from('é') }));
  });

  const inputs = fc.dictionary(fc.string({ maxLength: 4 }), fc.string({ maxLength: 4 }), { maxKeys: 4 });
  test.prop([inputs, inputs])('differs whenever a name or a content differs', (a, b) => {
    const same = JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort());
    expect(hashInputs(a) === hashInputs(b)).toBe(same);
  });
});

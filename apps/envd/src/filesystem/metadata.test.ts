import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { checkMetadata } from './metadata.ts';

const invalid = expect.objectContaining({ code: 'invalid_request', field: 'metadata' });

test('printable ASCII is taken, an empty value and a key of 246 bytes too', () => {
  checkMetadata({});
  checkMetadata({ a: '', [' ~']: ' ~', ['k'.repeat(246)]: 'v' });
});

test.each([
  ['an empty key', { '': 'v' }],
  ['a key that is too long', { ['k'.repeat(247)]: 'v' }],
  ['a key beyond ASCII', { ü: 'v' }],
  ['a key with a control character', { 'a\n': 'v' }],
  ['a value beyond ASCII', { a: 'ü' }],
  ['a value with a NUL', { a: 'v\0' }],
  ['a value with a line break at its end', { a: 'v\n' }],
])('%s is refused', (_what, metadata) => {
  expect(() => checkMetadata(metadata)).toThrow(invalid);
});

test('all together may have 4096 bytes, counted with the prefix of each key', () => {
  const prefixAndKey = 'user.e2b.a'.length;
  checkMetadata({ a: 'v'.repeat(4096 - prefixAndKey) });
  expect(() => checkMetadata({ a: 'v'.repeat(4096 - prefixAndKey + 1) })).toThrow(invalid);
  const twenty = (length: number) =>
    Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`key${10 + index}`, 'v'.repeat(length)]));
  checkMetadata(twenty(190));
  expect(() => checkMetadata(twenty(191))).toThrow(invalid);
});

test.prop([fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }))])(
  'what is taken is printable, whatever is given',
  (metadata) => {
    const isPrintable = Object.entries(metadata)
      .flat()
      .every((text) => /^[\x20-\x7e]*$/.test(text));
    let taken = true;
    try {
      checkMetadata(metadata);
    } catch (thrown) {
      expect(thrown).toEqual(invalid);
      taken = false;
    }
    if (taken) expect(isPrintable).toBe(true);
  },
);

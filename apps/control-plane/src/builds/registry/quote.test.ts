import { fc, test as property } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { quote } from './quote.ts';

property.prop([fc.string({ unit: 'binary', maxLength: 400 })])(
  'what others write can neither leave its quotes, nor end a line, nor fill a page',
  (text) => {
    const quoted = quote(text);
    expect(quoted).toMatch(/^"(?:[^"\\]|\\.)*"$/);
    expect(quoted).toMatch(/^[ -~…]*$/);
    expect(quoted.length).toBeLessThan(800);
  },
);

test('what is harmless stays as it is', () => {
  expect(quote('linux/amd64')).toBe('"linux/amd64"');
});

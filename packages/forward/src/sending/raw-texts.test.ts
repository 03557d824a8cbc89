import { fc, it } from '@fast-check/vitest';
import { expect } from 'vitest';
import { latin1Of, rawTextsOf } from './raw-texts.ts';

it.prop([fc.array(fc.uint8Array())])('each byte is a character, and blanks at the end are none', (values) => {
  const texts = rawTextsOf(values.map((value) => Buffer.from(value)));
  expect(texts).toEqual(
    values.map((value) =>
      Buffer.from(value)
        .toString('latin1')
        .replace(/[ \t]+$/, ''),
    ),
  );
});

it.prop([fc.string({ unit: 'binary' })])('text that was read as UTF-8 has its bytes again', (text) => {
  expect(latin1Of(text)).toBe(Buffer.from(text).toString('latin1'));
});

it('what is no list is empty', () => {
  expect([rawTextsOf(null), rawTextsOf(undefined)]).toEqual([[], []]);
});

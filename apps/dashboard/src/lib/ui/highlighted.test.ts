import { fc, it as property } from '@fast-check/vitest';
import { expect, it } from 'vitest';
import { highlighted } from './highlighted.ts';

it('what was searched for is found wherever it is, whatever its case', () => {
  expect(highlighted('Node, node', 'NODE')).toEqual([
    { text: 'Node', isFound: true },
    { text: ', ', isFound: false },
    { text: 'node', isFound: true },
  ]);
});

it('without a term nothing is found', () => {
  expect(highlighted('a <b>', undefined)).toEqual([{ text: 'a <b>', isFound: false }]);
});

it('a text whose letters change their length in lower case is left whole', () => {
  expect(highlighted('İstanbul', 'stan')).toEqual([{ text: 'İstanbul', isFound: false }]);
});

property.prop([fc.string({ unit: 'binary' }), fc.string()])('the parts are the text', (text, term) => {
  expect(
    highlighted(text, term)
      .map((part) => part.text)
      .join(''),
  ).toBe(text);
});

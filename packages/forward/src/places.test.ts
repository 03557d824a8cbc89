import { expect, it } from 'vitest';
import { Places } from './places.ts';

it('gives each key its own number of places, and one that was given back again', () => {
  const places = new Places<string>(2);
  const first = places.take('one');
  expect([places.take('one'), places.take('other')]).not.toContain(undefined);
  expect(places.take('one')).toBeUndefined();
  first?.[Symbol.dispose]();
  expect(places.take('one')).toBeDefined();
  expect(places.take('one')).toBeUndefined();
});

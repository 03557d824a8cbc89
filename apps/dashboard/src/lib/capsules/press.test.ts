import { expect, it } from 'vitest';
import { Press } from './press.ts';

it('a second press for the same has the key of the first', () => {
  const press = new Press();
  expect(press.keyFor({ name: 'a' })).toBe(press.keyFor({ name: 'a' }));
});

it('a press for something else has another key', () => {
  const press = new Press();
  expect(press.keyFor({ name: 'a' })).not.toBe(press.keyFor({ name: 'b' }));
});

it('after an answer a press is a new one', () => {
  const press = new Press();
  const before = press.keyFor({});
  press.answered();
  expect(press.keyFor({})).not.toBe(before);
});

import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { hashApiKey, newApiKey, visiblePrefix } from './api-key.ts';

const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length });

test('a new key has the known shape, is new each time, and is not printed', () => {
  const key = newApiKey();
  expect(key.reveal()).toMatch(/^wrn_[0-9a-f]{32}$/);
  expect(newApiKey().reveal()).not.toBe(key.reveal());
  expect(`${key} ${JSON.stringify({ key })}`).not.toContain(key.reveal());
  expect(key.reveal().startsWith(visiblePrefix(key))).toBe(true);
});

test.prop([hex(32)])("both shapes are keys, since E2B's clients insist on theirs", (digits) => {
  expect(hashApiKey(`wrn_${digits}`)).toMatch(/^[0-9a-f]{64}$/);
  expect(hashApiKey(`e2b_${digits}`)).toMatch(/^[0-9a-f]{64}$/);
});

test.prop([fc.string()])('other text is not a key', (text) => {
  expect(hashApiKey(text)).toBeUndefined();
});

test('a key of the wrong length or case is none', () => {
  for (const text of [
    'wrn_',
    `wrn_${'a'.repeat(31)}`,
    `wrn_${'a'.repeat(33)}`,
    `wrn_${'A'.repeat(32)}`,
    `e2b_${'a'.repeat(65)}`,
  ]) {
    expect(hashApiKey(text)).toBeUndefined();
  }
});

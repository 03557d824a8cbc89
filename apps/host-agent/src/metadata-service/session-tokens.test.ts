import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { SessionTokens } from './session-tokens.ts';

test('a token is good until its time is over', () => {
  let now = 1_000;
  const tokens = new SessionTokens(() => now);
  const token = tokens.issue('cl-a', 60);
  now += 59_999;
  expect(tokens.isValid('cl-a', token)).toBe(true);
  now += 1;
  expect(tokens.isValid('cl-a', token)).toBe(false);
});

test("another capsule's token and another agent's are not", () => {
  const tokens = new SessionTokens();
  expect(tokens.isValid('cl-b', tokens.issue('cl-a', 60))).toBe(false);
  expect(tokens.isValid('cl-a', new SessionTokens().issue('cl-a', 60))).toBe(false);
});

test.prop([fc.nat(39), fc.integer({ min: 1, max: 255 })])('a token that was changed is not', (at, flip) => {
  const tokens = new SessionTokens();
  const bytes = Buffer.from(tokens.issue('cl-a', 60), 'base64url');
  bytes[at] = (bytes[at] ?? 0) ^ flip;
  expect(tokens.isValid('cl-a', bytes.toString('base64url'))).toBe(false);
});

test.prop([fc.string()])('no other text is', (text) => {
  expect(new SessionTokens().isValid('cl-a', text)).toBe(false);
});

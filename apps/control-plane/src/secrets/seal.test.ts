import { fc, test as property } from '@fast-check/vitest';
import { Secret } from '@wrenn/core';
import { expect, test } from 'vitest';
import { seal, unseal } from './seal.ts';

const key = new Secret('11'.repeat(32));

property.prop([fc.jsonValue()])('what is sealed is opened as it was', (value) => {
  const expected: unknown = JSON.parse(JSON.stringify(value));
  expect(unseal(key, 'mail', seal(key, 'mail', value))).toStrictEqual(expected);
});

test('nothing of it can be read, and no two look alike', () => {
  const sealed = seal(key, 'mail', { link: 'https://secret' });
  expect(sealed.toString('latin1')).not.toContain('secret');
  expect(seal(key, 'mail', { link: 'https://secret' })).not.toStrictEqual(sealed);
});

test.each([0, 12, 28, 40])('an altered byte (%i) is noticed', (at) => {
  const sealed = seal(key, 'channel', { token: 'a long enough secret' });
  sealed[at] = (sealed[at] ?? 0) ^ 1;
  expect(() => unseal(key, 'channel', sealed)).toThrow('cannot be opened');
});

test('another purpose and another key open nothing', () => {
  const sealed = seal(key, 'mail', 1);
  expect(() => unseal(key, 'channel', sealed)).toThrow('cannot be opened');
  expect(() => unseal(new Secret('22'.repeat(32)), 'mail', sealed)).toThrow('cannot be opened');
  expect(() => unseal(key, 'mail', sealed.subarray(0, 5))).toThrow('cannot be opened');
});

import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { parseUserReference } from './user-reference.ts';

const name = (text: string) => ({ kind: 'name', name: text });
const number = (value: number) => ({ kind: 'number', number: value });

test.each([
  ['user', name('user'), undefined],
  ['1000', number(1000), undefined],
  ['1000:1001', number(1000), number(1001)],
  ['user:staff', name('user'), name('staff')],
  ['1000:staff', number(1000), name('staff')],
  ['user:0', name('user'), number(0)],
  // As Docker takes it.
  ['user:', name('user'), undefined],
  ['4294967294', number(4_294_967_294), undefined],
])('%s names a user, and a group where it says so', (text, user, group) => {
  expect(parseUserReference(text)).toStrictEqual({ user, group });
});

test.each(['', ':', ':staff', 'a:b:c', '::'])('%j names nobody', (text) => {
  expect(parseUserReference(text)).toBeUndefined();
});

test.each(['4294967295', '99999999999', '-1', '+1', '0x1', '1e3', ' 1'])('%j is no number', (text) => {
  expect(parseUserReference(`${text}:${text}`)).toStrictEqual({ user: name(text), group: name(text) });
});

test.prop([fc.string()])('survives any text', (text) => {
  parseUserReference(text);
});

import { expect, test } from 'vitest';
import { strengthOf } from './strength.ts';

test('what the API refuses is too short', () => {
  expect(strengthOf('')).toBe('none');
  expect(strengthOf('aB3$567')).toBe('short');
});

test('many characters that are alike make no strong password', () => {
  expect(strengthOf('aaaaaaaaaaaaaaaaaaaa')).toBe('weak');
  expect(strengthOf('password')).toBe('weak');
});

test('length or variety makes a password stronger', () => {
  expect(strengthOf('tractor-blue')).toBe('fair');
  expect(strengthOf('correct horse battery staple')).toBe('strong');
  expect(strengthOf('kT9$vQz!m2Rw')).toBe('strong');
});

import { fc, test as property } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { checkPassword, hashPassword, newPassword } from './password.ts';

test('a hash is in PHC form with its parameters, and no two are alike', async () => {
  const hash = await hashPassword('correct horse');
  expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  expect(await hashPassword('correct horse')).not.toBe(hash);
});

test('the right password is right, every other is wrong', async () => {
  const hash = await hashPassword('correct horse');
  expect(await checkPassword('correct horse', hash)).toBe('right');
  expect(await checkPassword('correct horse ', hash)).toBe('wrong');
  expect(await checkPassword('', hash)).toBe('wrong');
});

test('a hash that another implementation made is understood', async () => {
  // Of the reference implementation's own tests, as is the next one.
  const known = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
  expect(await checkPassword('password', known)).toBe('outdated');
  expect(await checkPassword('passwort', known)).toBe('wrong');
});

test('a hash of other parameters is right, and outdated', async () => {
  const hash = '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4';
  expect(await checkPassword('password', hash)).toBe('outdated');
});

test('where there is no hash, nothing is right', async () => {
  expect(await checkPassword('correct horse', undefined)).toBe('wrong');
});

test('letters are the same however they are composed', async () => {
  const hash = await hashPassword('p\u00e4ssw\u00f6rter');
  expect(await checkPassword('pa\u0308sswo\u0308rter', hash)).toBe('right');
  expect(await checkPassword('ｐässwörter', hash)).toBe('right');
});

test('what is stored and no hash is a fault, not a wrong password', async () => {
  await expect(checkPassword('x', 'plain')).rejects.toThrow('PHC');
});

test.each(['', 'short77', 'x'.repeat(1025), `\ud800${'x'.repeat(8)}`])('%j cannot be chosen', (password) => {
  expect(newPassword.safeParse(password).success).toBe(false);
});

property.prop([fc.string({ unit: 'grapheme', minLength: 8, maxLength: 40 })], { numRuns: 10 })(
  'whatever can be chosen opens what it was chosen for',
  async (password) => {
    fc.pre(newPassword.safeParse(password).success);
    expect(await checkPassword(password, await hashPassword(password))).toBe('right');
  },
);

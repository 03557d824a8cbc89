import { createHash } from 'node:crypto';
import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { AccessControl } from './access-control.ts';
import { type FileClaim, signatureOf } from './signature.ts';

const token = 'the token';
const read: FileClaim = {
  operation: 'read',
  path: '/a b',
  username: '',
  signature: undefined,
  expiration: undefined,
};
const signed = (claim: FileClaim, by = token): FileClaim => ({
  ...claim,
  signature: signatureOf(Buffer.from(by), claim),
});
function accessWith(accessToken: string | undefined): AccessControl {
  const access = new AccessControl('capsule');
  access.replace({ accessToken, hostSecret: undefined });
  return access;
}
const unauthorized = expect.objectContaining({ code: 'unauthorized' });

test('a signature is what clients of E2B compute', () => {
  const digest = (text: string) => createHash('sha256').update(text).digest('base64').replaceAll('=', '');
  expect(signed(read).signature).toBe(`v1_${digest('/a b:read::the token')}`);
  expect(
    signed({ operation: 'write', path: '', username: 'user', signature: undefined, expiration: '17' })
      .signature,
  ).toBe(`v1_${digest(':write:user:the token:17')}`);
});

test('the token or a signature lets in', () => {
  const access = accessWith(token);
  expect(access.requireTokenOrSignature(token, read)).toBe('granted');
  expect(access.requireTokenOrSignature(undefined, signed(read))).toBe('granted');
  expect(access.requireTokenOrSignature('wrong', signed(read))).toBe('granted');
  expect(access.requireTokenOrSignature(token, { ...read, signature: 'v1_wrong' })).toBe('granted');
});

test('a signature is good for just what was signed', () => {
  const access = accessWith(token);
  const { signature } = signed(read);
  for (const other of [
    { ...read, path: '/a' },
    { ...read, operation: 'write' },
    { ...read, username: 'root' },
    { ...read, expiration: '99999999999' },
  ] as const) {
    expect(() => access.requireTokenOrSignature(undefined, { ...other, signature })).toThrow(unauthorized);
  }
  for (const wrong of [undefined, '', 'v1_', `${signature}=`, signed(read, 'another token').signature]) {
    expect(() => access.requireTokenOrSignature(undefined, { ...read, signature: wrong })).toThrow(
      unauthorized,
    );
  }
});

test('a signature for a path is good for no shorter one with a user that has a group', () => {
  const access = accessWith(token);
  const { signature } = signed({ ...read, path: '/a:read', username: 'users' });
  const shorter = { ...read, path: '/a', username: 'read:users', signature };
  expect(signed(shorter).signature).toBe(signature);
  expect(() => access.requireTokenOrSignature(undefined, shorter)).toThrow(unauthorized);
  expect(access.requireTokenOrSignature(undefined, signed({ ...read, username: 'user:read' }))).toBe(
    'granted',
  );
});

test('a right signature whose time is over is expired, a wrong one is only wrong', () => {
  const access = accessWith(token);
  const at = (seconds: number) => ({ ...read, expiration: String(Math.floor(seconds)) });
  const now = Date.now() / 1000;
  expect(access.requireTokenOrSignature(undefined, signed(at(now + 60)))).toBe('granted');
  expect(access.requireTokenOrSignature(undefined, signed(at(now - 60)))).toBe('expired');
  expect(() => access.requireTokenOrSignature(undefined, { ...at(now - 60), signature: 'v1_x' })).toThrow(
    unauthorized,
  );
});

test('without a token in the capsule no signature lets in', () => {
  const access = accessWith(undefined);
  expect(() => access.requireTokenOrSignature(undefined, signed(read, ''))).toThrow(unauthorized);
});

test('a standalone daemon takes any signature, since it needs none', () => {
  const access = new AccessControl('standalone');
  expect(access.requireTokenOrSignature(undefined, { ...read, signature: 'v1_x' })).toBe('granted');
});

test.prop([fc.string({ maxLength: 3000 })])(
  'whatever is presented, only the signature counts',
  (signature) => {
    fc.pre(signature !== signed(read).signature);
    expect(() => accessWith(token).requireTokenOrSignature(undefined, { ...read, signature })).toThrow(
      unauthorized,
    );
  },
);

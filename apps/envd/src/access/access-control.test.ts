import { expect, test } from 'vitest';
import { AccessControl } from './access-control.ts';

const unauthorized = expect.objectContaining({ code: 'unauthorized' });

test('a capsule without a token lets nobody in', () => {
  const access = new AccessControl('capsule');
  expect(() => access.requireToken(undefined)).toThrow(unauthorized);
  expect(() => access.requireToken('')).toThrow(unauthorized);
});

test('exactly the token lets in', () => {
  const access = new AccessControl('capsule');
  access.replace({ accessToken: 'token', hostSecret: undefined });
  access.requireToken('token');
  for (const wrong of [undefined, '', 'tokeN', 'token ', 'toke']) {
    expect(() => access.requireToken(wrong)).toThrow(unauthorized);
  }
});

test('a new token replaces the old one, and no new one keeps it', () => {
  const access = new AccessControl('capsule');
  access.replace({ accessToken: 'old', hostSecret: undefined });
  access.replace({ accessToken: undefined, hostSecret: undefined });
  access.requireToken('old');
  access.replace({ accessToken: 'new', hostSecret: undefined });
  expect(() => access.requireToken('old')).toThrow(unauthorized);
});

test('the first host must say its secret, and from then on it alone is the host', () => {
  const access = new AccessControl('capsule');
  expect(() => access.requireHost(undefined, undefined)).toThrow(
    expect.objectContaining({ code: 'invalid_request', field: 'hostSecret' }),
  );
  access.requireHost(undefined, 'secret');
  access.replace({ accessToken: undefined, hostSecret: 'secret' });
  expect(() => access.requireHost(undefined, undefined)).toThrow(unauthorized);
  expect(() => access.requireHost(undefined, 'another')).toThrow(unauthorized);
  expect(() => access.requireHost('other', 'another')).toThrow(unauthorized);
  access.requireHost('secret', undefined);
  access.replace({ accessToken: undefined, hostSecret: 'rotated' });
  expect(() => access.requireHost('secret', undefined)).toThrow(unauthorized);
  access.requireHost('rotated', undefined);
});

test('a request that was carried out, and whose answer was lost, can be repeated as it was', () => {
  const access = new AccessControl('capsule');
  for (const [presented, offered] of [
    [undefined, 'first'],
    ['first', 'second'],
  ] as const) {
    access.requireHost(presented, offered);
    access.replace({ accessToken: undefined, hostSecret: offered });
    access.requireHost(presented, offered);
  }
});

test('a standalone daemon needs no token', () => {
  new AccessControl('standalone').requireToken(undefined);
});

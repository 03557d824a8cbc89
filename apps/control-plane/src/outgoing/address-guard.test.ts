import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { AddressGuard } from './address-guard.ts';

const guard = new AddressGuard([], 'PRIVATE_TARGETS');

describe('an address is refused', () => {
  test.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.31.255.255',
    '192.168.0.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    'fe80::1',
    'fd00::1',
    'ff02::1',
    '::ffff:127.0.0.1',
    '::ffff:a9fe:a9fe',
    '::7f00:1',
    '64:ff9b::a00:1',
    '2002:a00:1::',
    '2001:0:1::1',
  ])('that is private, or has a private one in it: %s', (address) => {
    expect(guard.allows(address)).toBe(false);
  });

  test.each(['', 'localhost', '1.2.3', '127.1', '0x7f.1', 'fe80::1%lo'])('that is none: %j', (text) => {
    expect(guard.allows(text)).toBe(false);
  });
});

test.each(['93.184.215.14', '1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111'])(
  'an address of the internet is allowed: %s',
  (address) => {
    expect(guard.allows(address)).toBe(true);
  },
);

test('what the operator names is allowed, and nothing beside it', () => {
  const open = new AddressGuard(['10.1.0.0/16', '127.0.0.1', 'fd00:1::/32'], 'PRIVATE_TARGETS');
  expect(['10.1.255.1', '127.0.0.1', 'fd00:1::5'].map((address) => open.allows(address))).toEqual([
    true,
    true,
    true,
  ]);
  expect(['10.2.0.1', '127.0.0.2', 'fd00:2::5'].map((address) => open.allows(address))).toEqual([
    false,
    false,
    false,
  ]);
});

property.prop([fc.ipV4()])('an address in its mapped form is what it is in its own', (address) => {
  expect(guard.allows(`::ffff:${address}`)).toBe(guard.allows(address));
});

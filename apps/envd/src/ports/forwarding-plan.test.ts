import { expect, test } from 'vitest';
import { planForwarding } from './forwarding-plan.ts';
import { anyV6, loopbackV6 } from './listening-sockets.ts';

const own = '169.254.0.21';
const plan = (...addresses: readonly string[]) =>
  planForwarding(
    addresses.map((address, inode) => ({ address, port: 8000, inode })),
    own,
  ).get(8000)?.address;

test.each([
  ['127.0.0.1', ['127.0.0.1']],
  ['127.0.0.53', ['127.0.0.53']],
  ['[::1]', [loopbackV6]],
  ['127.0.0.1', [loopbackV6, '127.0.0.2', '127.0.0.1']],
  ['127.0.0.2', [loopbackV6, '127.0.0.3', '127.0.0.2']],
  [undefined, ['0.0.0.0']],
  [undefined, [anyV6]],
  [undefined, ['10.0.0.1']],
  [undefined, ['127.0.0.1', own]],
  [undefined, ['127.0.0.1', anyV6]],
  [undefined, ['0.0.0.0', loopbackV6]],
  ['127.0.0.1', ['127.0.0.1', '10.0.0.1']],
])('to %s leads what listens at %j', (target, addresses) => {
  expect(plan(...addresses)).toBe(target);
});

test('each port has its own target', () => {
  const sockets = [
    { address: '127.0.0.1', port: 1, inode: 1 },
    { address: loopbackV6, port: 2, inode: 2 },
    { address: '0.0.0.0', port: 3, inode: 3 },
  ];
  expect([...planForwarding(sockets, own)]).toEqual([
    [1, { family: 4, address: '127.0.0.1' }],
    [2, { family: 6, address: '[::1]' }],
  ]);
});

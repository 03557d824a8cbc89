import { expect, it } from 'vitest';
import { parseInstalled } from './host-packages.ts';

it('counts a package as installed when it is configured, held or provided by another', () => {
  const list = [
    'ii \tnftables\t',
    'hi \tqemu-utils\t',
    'ii \tmawk\tawk (= 1), other-awk',
    'rc \tiproute2\t',
    'iU \tmmdebstrap\t',
    'un \tbinutils\t',
    '',
  ].join('\n');
  expect([...parseInstalled(list)].filter(Boolean).sort()).toEqual([
    'awk',
    'mawk',
    'nftables',
    'other-awk',
    'qemu-utils',
  ]);
});

import { expect, it } from 'vitest';
import { groupsOption } from './vmm-process.ts';

it('QEMU has no groups but those of the devices that it opens', () => {
  expect(groupsOption([])).toBe('--clear-groups');
  expect(groupsOption([104, 7])).toBe('--groups=104,7');
});

import { expect, test } from 'vitest';
import { networkFileSystemOf } from './open-directory.ts';

test.each([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xff534d42 | 0, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x65735546, 'FUSE'],
  [0xef53, undefined],
  [0x01021994, undefined],
])('the file system of number %d is %s of the network', (type, name) => {
  expect(networkFileSystemOf(type)).toBe(name);
});

import { fc } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { parseGroup, parsePasswd } from './account-files.ts';

test('reads the lines of /etc/passwd', () => {
  expect(
    parsePasswd('root:x:0:0:root:/root:/bin/bash\nuser:x:1000:1001:,,,:/home/user:/bin/sh\n'),
  ).toStrictEqual([
    { name: 'root', uid: 0, gid: 0, home: '/root' },
    { name: 'user', uid: 1000, gid: 1001, home: '/home/user' },
  ]);
});

test('reads the members of groups', () => {
  expect(parseGroup('sudo:x:27:user,other\nempty:x:28:\n')).toStrictEqual([
    { name: 'sudo', gid: 27, members: ['user', 'other'] },
    { name: 'empty', gid: 28, members: [] },
  ]);
});

test('leaves out lines that it cannot read, and IDs that mean "unchanged" to the kernel', () => {
  expect(parsePasswd('broken\n:x:1:1::/:\nu:x:-1:0::/:\nv:x:4294967295:0::/:\n')).toStrictEqual([]);
});

test('survives any text', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      parsePasswd(text);
      parseGroup(text);
    }),
  );
});

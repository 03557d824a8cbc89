import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Accounts } from './accounts.ts';

let etc: string;
let accounts: Accounts;
beforeEach(() => {
  etc = mkdtempSync(join(tmpdir(), 'envd-accounts-'));
  writeFileSync(
    join(etc, 'passwd'),
    'root:x:0:0::/root:\nuser:x:1000:1001::/home/user:\ntwin:x:1000:7::/home/twin:\n12:x:500:500::/home/12:\n',
  );
  writeFileSync(join(etc, 'group'), 'staff:x:50:\nvideo:x:44:user,2000\nsudo:x:27:user\n');
  accounts = new Accounts(etc);
});
afterEach(() => rmSync(etc, { recursive: true }));

const user = { name: 'user', uid: 1000, gid: 1001, home: '/home/user', groups: [1001, 44, 27] };

test('a name and a number are the account that has it, the first of several', () => {
  expect(accounts.find('user')).toStrictEqual(user);
  expect(accounts.find('1000')).toStrictEqual(user);
});

test('a number that no account has is one of its own, in the group of root and at home nowhere', () => {
  const own = { name: '2000', uid: 2000, gid: 0, home: '/', groups: [0] };
  expect(accounts.find('2000')).toStrictEqual(own);
  expect(accounts.find('2000:3000')).toStrictEqual({ ...own, gid: 3000, groups: [3000] });
});

test('digits are never a name', () => {
  expect(accounts.find('12')).toMatchObject({ uid: 12, home: '/' });
});

test('a group takes the place of all that the user has', () => {
  expect(accounts.find('user:staff')).toStrictEqual({ ...user, gid: 50, groups: [50] });
  expect(accounts.find('1000:50')).toStrictEqual({ ...user, gid: 50, groups: [50] });
  expect(accounts.find('user:9')).toStrictEqual({ ...user, gid: 9, groups: [9] });
});

test('root is there without any file, by name and by number', () => {
  const none = new Accounts(join(etc, 'nothing'));
  const root = { name: 'root', uid: 0, gid: 0, home: '/root', groups: [0] };
  expect(none.find('root')).toStrictEqual(root);
  expect(none.find('0')).toStrictEqual(root);
  expect(none.find('0:5')).toStrictEqual({ ...root, gid: 5, groups: [5] });
});

test.each(['nobody', '', ':staff', 'user:staff:', '4294967295', '-1', 'user:nobody', 'user:4294967295'])(
  '%j is nobody, and is refused by that name',
  (name) => {
    expect(() => accounts.find(name)).toThrow(
      expect.objectContaining({
        code: 'unauthorized',
        message: expect.stringContaining(`invalid username: '${name}'`),
      }),
    );
  },
);

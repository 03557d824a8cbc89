import { chmodSync, chownSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EnvdWithUser, startEnvdWithUser } from '../testing/envd-with-user.ts';
import { filesystemClient } from '../testing/filesystem-client.ts';
import { openTerminal } from '../testing/open-terminal.ts';
import { runCommand } from '../testing/run-command.ts';
import { uploadRaw } from '../testing/upload.ts';

let machine: EnvdWithUser;
/** Everybody may write to it. */
let shared: string;
beforeAll(async () => {
  machine = await startEnvdWithUser({ script: 'echo "staff:x:50:user" >>/etc/group' });
  shared = join(machine.rootFolder, 'shared');
  mkdirSync(shared);
  chmodSync(shared, 0o777);
});
afterAll(() => machine?.[Symbol.asyncDispose]());

const headersOf = (user: string) => ({
  authorization: user.includes(':') ? `User ${btoa(user)}` : `Basic ${btoa(`${user}:`)}`,
});
const owner = (path: string) => {
  const { uid, gid } = statSync(path);
  return [uid, gid];
};

describe.each([
  ['1000', { uid: 1000, gid: 1000, groups: '1000 50', name: 'user' }],
  ['user:staff', { uid: 1000, gid: 50, groups: '50', name: 'user' }],
  ['1000:60', { uid: 1000, gid: 60, groups: '60', name: 'user' }],
  ['4000', { uid: 4000, gid: 0, groups: '0', name: '4000' }],
  ['4000:staff', { uid: 4000, gid: 50, groups: '50', name: '4000' }],
  ['4294967294:4294967293', { uid: 4294967294, gid: 4294967293, groups: '4294967293', name: '4294967294' }],
  ['root:staff', { uid: 0, gid: 50, groups: '50', name: 'root' }],
])('as %s', (user, { uid, gid, groups, name }) => {
  test('commands and terminals run', async () => {
    const script = 'echo $(id -u) $(id -g) $(id -G) $USER';
    const words = ['sh', '-c', script] as const;
    const said = `${uid} ${gid} ${groups} ${name}`;
    const client = machine.envd.client({ headers: headersOf(user) });
    expect((await runCommand(client, 'sh', words.slice(1))).stdout.toString()).toBe(`${said}\n`);
    const terminal = await openTerminal(client, words);
    expect((await terminal.rest()).pty.toString()).toBe(`${said}\r\n`);
  });

  test('files and folders are made', async () => {
    const [file, folder] = [join(shared, `file of ${user}`), join(shared, `folder of ${user}`)];
    expect((await uploadRaw(machine.envd, { path: file, username: user }, 'x')).status).toBe(200);
    const { entry } = await filesystemClient(machine.envd.url, { headers: headersOf(user) }).makeDir({
      path: folder,
    });
    expect(entry?.owner).toBe(name);
    expect([owner(file), owner(folder)]).toEqual([
      [uid, gid],
      [uid, gid],
    ]);
  });
});

test('a group lets in where the user alone is not let in, and keeps out where only the other groups are', async () => {
  const ofStaff = join(machine.rootFolder, 'of staff');
  mkdirSync(ofStaff);
  chownSync(ofStaff, 0, 50);
  chmodSync(ofStaff, 0o750);
  const files = (user: string) => filesystemClient(machine.envd.url, { headers: headersOf(user) });
  const watch = (user: string) => files(user).createWatcher({ path: ofStaff });
  for (const user of ['4000:staff', 'user']) {
    expect((await files(user).listDir({ path: ofStaff })).entries).toEqual([]);
    const { watcherId } = await watch(user);
    await files(user).removeWatcher({ watcherId });
  }
  for (const user of ['4000:60', 'user:60']) {
    await expect(files(user).listDir({ path: ofStaff })).rejects.toThrow(/permission_denied/);
    await expect(watch(user)).rejects.toThrow(/permission_denied/);
  }
});

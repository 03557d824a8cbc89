import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Client, Code } from '@connectrpc/connect';
import { deadline, until } from '@wrenn/core';
import type { Filesystem } from '@wrenn/protocol/filesystem';
import { readXattr, writeXattr } from '@wrenn/sys';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type EnvdWithUser, startEnvdWithUser } from '../testing/envd-with-user.ts';
import { filesystemClient } from '../testing/filesystem-client.ts';

let daemon: EnvdWithUser;
let asRoot: Client<typeof Filesystem>;
let asUser: Client<typeof Filesystem>;
/** A folder of root's, and one in a file system of 64 MiB in memory, which only the daemon sees at this path. */
let folder: string;
let elsewhere: string;
/** The same, for us. */
let seen: string;
beforeAll(async () => {
  daemon = await startEnvdWithUser({
    script: `
      mkdir -p "$1/memory" "$1/outer/inner"; echo x >"$1/outer/file"
      for place in memory outer/inner; do mount -t tmpfs -o size=64m,mode=777 tmpfs "$1/$place"; done`,
  });
  asRoot = filesystemClient(daemon.envd.url);
  asUser = filesystemClient(daemon.envd.url, { user: 'user', codec: 'binary' });
});
afterAll(() => daemon[Symbol.asyncDispose]());
beforeEach(() => {
  folder = mkdtempSync(join(daemon.rootFolder, 'move-'));
  chmodSync(folder, 0o755);
  elsewhere = join(daemon.rootFolder, '../memory', crypto.randomUUID());
  seen = `/proc/${daemon.envd.pid}/root${elsewhere}`;
  mkdirSync(seen);
  chmodSync(seen, 0o777);
});
const rpcCode = (code: Code) => expect.objectContaining({ code });
const at = (...parts: string[]) => join(folder, ...parts);

describe('on one file system', () => {
  test('a file is moved, into folders that are made, and its entry is the answer', async () => {
    writeFileSync(at('file'), 'four');
    const { entry } = await asRoot.move({ source: at('file'), destination: at('new/folders/moved') });
    expect(entry).toMatchObject({ name: 'moved', path: at('new/folders/moved'), size: 4n });
    expect(existsSync(at('file'))).toBe(false);
    expect(readFileSync(at('new/folders/moved'), 'utf8')).toBe('four');
  });

  test('a file replaces a file, and a folder an empty folder', async () => {
    writeFileSync(at('file'), 'new');
    writeFileSync(at('old'), 'old');
    await asRoot.move({ source: at('file'), destination: at('old') });
    expect(readFileSync(at('old'), 'utf8')).toBe('new');
    mkdirSync(at('a/b'), { recursive: true });
    mkdirSync(at('empty'));
    await asRoot.move({ source: at('a'), destination: at('empty/') });
    expect(existsSync(at('empty/b'))).toBe(true);
  });

  test('a link is moved itself, with a slash behind it too', async () => {
    mkdirSync(at('target'));
    symlinkSync('target', at('link'));
    await asRoot.move({ source: at('link/'), destination: at('renamed') });
    expect(readlinkSync(at('renamed'))).toBe('target');
    expect(existsSync(at('target'))).toBe(true);
  });

  test('what is in the way stays, and so does the source', async () => {
    mkdirSync(at('folder/full'), { recursive: true });
    mkdirSync(at('other/full'), { recursive: true });
    writeFileSync(at('file'), '');
    await expect(asRoot.move({ source: at('folder'), destination: at('other') })).rejects.toThrow(
      rpcCode(Code.AlreadyExists),
    );
    for (const [source, destination] of [
      ['file', 'folder'],
      ['folder', 'file'],
      ['file', 'file/below'],
      ['folder', 'folder/full/itself'],
    ] as const) {
      await expect(asRoot.move({ source: at(source), destination: at(destination) })).rejects.toThrow(
        rpcCode(Code.InvalidArgument),
      );
    }
    expect(readdirSync(folder, { recursive: true }).toSorted()).toStrictEqual([
      'file',
      'folder',
      'folder/full',
      'other',
      'other/full',
    ]);
  });

  test('a source that is missing makes no folders', async () => {
    await expect(asRoot.move({ source: at('none'), destination: at('new/file') })).rejects.toThrow(
      rpcCode(Code.NotFound),
    );
    expect(existsSync(at('new'))).toBe(false);
  });

  test('a forgotten path is not the home', async () => {
    writeFileSync(at('file'), '');
    await expect(asRoot.move({ source: '', destination: at('x') })).rejects.toThrow('no source is given');
    await expect(asRoot.move({ source: at('file') })).rejects.toThrow('no destination is given');
  });

  test('a user moves what is theirs, and nothing else', async () => {
    writeFileSync(at('file'), '');
    writeFileSync(join(daemon.home, 'own'), '');
    chownSync(join(daemon.home, 'own'), daemon.uid, daemon.uid);
    for (const [source, destination] of [
      [at('file'), `${daemon.home}/stolen`],
      [`${daemon.home}/own`, at('planted')],
      [`${daemon.home}/own`, at('file')],
    ] as const) {
      await expect(asUser.move({ source, destination })).rejects.toThrow(rpcCode(Code.PermissionDenied));
    }
    await asUser.move({ source: 'own', destination: 'made/own' });
    expect(statSync(join(daemon.home, 'made')).uid).toBe(daemon.uid);
    expect(readdirSync(folder)).toStrictEqual(['file']);
  });
});

describe('to another file system', () => {
  test('a tree comes whole, with all that is known of its files', async () => {
    mkdirSync(at('tree/sub'), { recursive: true });
    writeFileSync(at('tree/file'), 'content');
    writeFileSync(Buffer.concat([Buffer.from(at('tree/')), Buffer.of(0xff)]), 'bytes');
    writeXattr(at('tree/file'), 'user.e2b.author', Buffer.from('ada'));
    symlinkSync('../nowhere', at('tree/sub/link'));
    execFileSync('mkfifo', [at('tree/pipe')]);
    execFileSync('mknod', [at('tree/device'), 'c', '1', '3']);
    chmodSync(at('tree/file'), 0o4640);
    chownSync(at('tree/file'), daemon.uid, daemon.uid);
    chmodSync(at('tree/file'), 0o4640);
    chmodSync(at('tree/sub'), 0o1710);
    for (const path of ['tree/file', 'tree/sub', 'tree'])
      utimesSync(at(path), 1_000_000_000, 1_000_000_001.5);

    const { entry } = await asRoot.move({ source: at('tree'), destination: `${elsewhere}/new/tree` });

    expect(entry?.modifiedTime).toMatchObject({ seconds: 1_000_000_001n, nanos: 500_000_000 });
    expect(existsSync(at('tree'))).toBe(false);
    expect(readdirSync(`${seen}/new`)).toStrictEqual(['tree']);
    const names = readdirSync(`${seen}/new/tree`, { recursive: true, encoding: 'latin1' }).toSorted();
    expect(names).toStrictEqual(['device', 'file', 'pipe', 'sub', 'sub/link', '\xff']);
    const moved = (path: string) => lstatSync(`${seen}/new/tree/${path}`);
    expect(readFileSync(`${seen}/new/tree/file`, 'utf8')).toBe('content');
    expect(moved('file')).toMatchObject({ mode: 0o104640, uid: daemon.uid, mtimeMs: 1_000_000_001_500 });
    expect(readXattr(`${seen}/new/tree/file`, 'user.e2b.author').toString()).toBe('ada');
    expect(moved('sub')).toMatchObject({ mode: 0o041710, mtimeMs: 1_000_000_001_500 });
    expect(readlinkSync(`${seen}/new/tree/sub/link`)).toBe('../nowhere');
    expect(moved('pipe').isFIFO()).toBe(true);
    expect(moved('device')).toMatchObject({ rdev: statSync('/dev/null').rdev });
  });

  test('a file replaces a file at once, and comes back', async () => {
    writeFileSync(at('file'), 'new');
    writeFileSync(`${seen}/file`, 'old');
    await asRoot.move({ source: at('file'), destination: `${elsewhere}/file` });
    expect(readFileSync(`${seen}/file`, 'utf8')).toBe('new');
    await asRoot.move({ source: `${elsewhere}/file`, destination: at('back') });
    expect(readFileSync(at('back'), 'utf8')).toBe('new');
    expect(readdirSync(seen)).toStrictEqual([]);
  });

  test('a time before 1970 comes along', async () => {
    writeFileSync(at('old'), '');
    utimesSync(at('old'), new Date(-5000), new Date(-5000));
    await asRoot.move({ source: at('old'), destination: `${elsewhere}/old` });
    expect(statSync(`${seen}/old`).mtimeMs).toBe(-5000);
  });

  test('every byte of a large file comes, and its holes stay holes', async () => {
    const block = Buffer.from(Uint8Array.from({ length: 300_001 }, (_, index) => (index * 31) % 256));
    writeFileSync(at('large'), block);
    truncateSync(at('large'), 200_000_000);
    await asRoot.move({ source: at('large'), destination: `${elsewhere}/large` });
    const { size, blocks } = statSync(`${seen}/large`);
    expect(size).toBe(200_000_000);
    expect(blocks * 512).toBeLessThan(1_000_000);
    expect(readFileSync(`${seen}/large`).subarray(0, 300_001).equals(block)).toBe(true);
  });

  test('a full disk leaves the source, and nothing at the destination', async () => {
    mkdirSync(at('tree'));
    writeFileSync(at('tree/small'), 'x');
    writeFileSync(at('tree/large'), Buffer.alloc(70_000_000, 'x'));
    await expect(asRoot.move({ source: at('tree'), destination: `${elsewhere}/tree` })).rejects.toThrow(
      expect.objectContaining({
        code: Code.ResourceExhausted,
        message: expect.stringContaining(`'${elsewhere}/tree/large'`),
      }),
    );
    expect(readdirSync(seen)).toStrictEqual([]);
    expect(readdirSync(at('tree')).toSorted()).toStrictEqual(['large', 'small']);
  });

  test('what is in the way there stays, and so does the source', async () => {
    mkdirSync(at('tree/sub'), { recursive: true });
    mkdirSync(`${seen}/tree/full`, { recursive: true });
    writeFileSync(`${seen}/file`, '');
    await expect(asRoot.move({ source: at('tree'), destination: `${elsewhere}/tree` })).rejects.toThrow(
      rpcCode(Code.AlreadyExists),
    );
    for (const destination of ['file', 'file/below']) {
      await expect(
        asRoot.move({ source: at('tree'), destination: `${elsewhere}/${destination}` }),
      ).rejects.toThrow(rpcCode(Code.InvalidArgument));
    }
    expect(readdirSync(seen, { recursive: true }).toSorted()).toStrictEqual(['file', 'tree', 'tree/full']);
    expect(existsSync(at('tree/sub'))).toBe(true);
  });

  test('a source that is missing makes nothing', async () => {
    await expect(asRoot.move({ source: at('none'), destination: `${elsewhere}/a/b` })).rejects.toThrow(
      rpcCode(Code.NotFound),
    );
    expect(readdirSync(seen)).toStrictEqual([]);
  });

  test('what the user may not read stays where it is', async () => {
    const tree = join(daemon.home, 'tree');
    mkdirSync(tree);
    chownSync(tree, daemon.uid, daemon.uid);
    writeFileSync(join(tree, 'secret'), 'of root', { mode: 0o600 });
    await expect(asUser.move({ source: tree, destination: `${elsewhere}/tree` })).rejects.toThrow(
      rpcCode(Code.PermissionDenied),
    );
    expect(readdirSync(seen)).toStrictEqual([]);
    expect(readdirSync(tree)).toStrictEqual(['secret']);
  });

  test('what a user brings is theirs, and programs of others are none of theirs to run as', async () => {
    const tree = join(daemon.home, 'programs');
    mkdirSync(tree);
    chownSync(tree, daemon.uid, daemon.uid);
    writeFileSync(join(tree, 'program'), '');
    chmodSync(join(tree, 'program'), 0o4755);
    await asUser.move({ source: tree, destination: `${elsewhere}/programs` });
    expect(statSync(`${seen}/programs/program`)).toMatchObject({ uid: daemon.uid, mode: 0o100755 });
  });

  test('a folder cannot come to lie in itself', async () => {
    const outer = join(daemon.rootFolder, '../outer');
    await expect(asRoot.move({ source: outer, destination: `${outer}/inner/itself` })).rejects.toThrow(
      'would be moved into itself',
    );
    expect(
      readdirSync(`/proc/${daemon.envd.pid}/root${outer}`, { recursive: true }).toSorted(),
    ).toStrictEqual(['file', 'inner']);
  });

  test('a client that goes away leaves the source, and no draft', { timeout: 120_000 }, async () => {
    let files = 1000;
    // With more in it when it was moved before its client could leave.
    while ((await leftWhileMoving(files)) === 'moved') {
      rmSync(`${seen}/moved`, { recursive: true });
      files *= 2;
      expect(files).toBeLessThan(20_000);
    }
    expect(readdirSync(at(String(files), 'tree')).length).toBe(files);
    expect(statSync(at(String(files), 'file')).size).toBe(20_000_000);
  });

  /** A client goes away as soon as it sees a draft. What has become of the tree when the daemon is done with it. */
  async function leftWhileMoving(files: number): Promise<'stayed' | 'moved'> {
    const source = at(String(files));
    mkdirSync(join(source, 'tree'), { recursive: true });
    writeFileSync(join(source, 'file'), Buffer.alloc(20_000_000, 'x'));
    for (let index = 0; index < files; index += 1) writeFileSync(join(source, 'tree', String(index)), 'x');
    const leaving = new AbortController();
    const call = asRoot.move({ source, destination: `${elsewhere}/moved` }, { signal: leaving.signal });
    const outcome = call.then(
      () => 'moved',
      (thrown: unknown) => thrown,
    );
    using limit = deadline(60_000, 'waiting for the draft');
    await until(() => (readdirSync(seen).length > 0 ? true : undefined), 1, limit);
    leaving.abort();
    expect(['moved', rpcCode(Code.Canceled)]).toContainEqual(await outcome);
    const become = (names: string[]) =>
      names.length === 0 ? 'stayed' : names.includes('moved') ? 'moved' : undefined;
    return await until(() => become(readdirSync(seen)), 20, limit);
  }
});

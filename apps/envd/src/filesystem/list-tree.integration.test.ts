import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Client, Code } from '@connectrpc/connect';
import { type Filesystem, FileType } from '@wrenn/protocol/filesystem';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type EnvdWithUser, startEnvdWithUser } from '../testing/envd-with-user.ts';
import { filesystemClient } from '../testing/filesystem-client.ts';

let daemon: EnvdWithUser;
let asRoot: Client<typeof Filesystem>;
let asUser: Client<typeof Filesystem>;
let folder: string;
beforeAll(async () => {
  daemon = await startEnvdWithUser();
  asRoot = filesystemClient(daemon.envd.url);
  asUser = filesystemClient(daemon.envd.url, { user: 'user' });
});
afterAll(() => daemon[Symbol.asyncDispose]());
beforeEach(() => {
  folder = mkdtempSync(join(daemon.rootFolder, 'list-'));
  chmodSync(folder, 0o755);
});
const rpcCode = (code: Code) => expect.objectContaining({ code });
const pathsOf = async (client: Client<typeof Filesystem>, path: string, depth = 0) =>
  (await client.listDir({ path, depth })).entries.map((entry) =>
    entry.path.startsWith(`${folder}/`) ? entry.path.slice(folder.length + 1) : entry.path,
  );
function make(...paths: string[]): void {
  for (const path of paths) {
    if (path.endsWith('/')) mkdirSync(join(folder, path), { recursive: true });
    else writeFileSync(join(folder, path), path);
  }
}

describe.each(['json', 'binary'] as const)('with the %s codec', (codec) => {
  test('each folder comes before what is in it, in the order of the bytes of names', async () => {
    make('b/', 'b/z', 'b/a/', 'b/a/deep', 'B', 'a', 'ü', 'b.txt');
    const client = filesystemClient(daemon.envd.url, { codec });
    expect(await pathsOf(client, folder, 9)).toStrictEqual([
      'B',
      'a',
      'b',
      'b/a',
      'b/a/deep',
      'b/z',
      'b.txt',
      'ü',
    ]);
  });
});

test.each([
  [0, ['a']],
  [1, ['a']],
  [2, ['a', 'a/b']],
  [3, ['a', 'a/b', 'a/b/c']],
  [2 ** 32 - 1, ['a', 'a/b', 'a/b/c']],
])('depth %i goes so far', async (depth, paths) => {
  make('a/b/', 'a/b/c');
  expect(await pathsOf(asRoot, folder, depth)).toStrictEqual(paths);
});

test('an empty folder has no entries', async () => {
  expect(await pathsOf(asRoot, folder, 5)).toStrictEqual([]);
});

test('a link is followed where it was named, keeps its name in the paths, and is not followed inside', async () => {
  make('real/sub/', 'real/sub/file');
  symlinkSync('real', join(folder, 'link'));
  symlinkSync('sub', join(folder, 'real/again'));
  expect(await pathsOf(asRoot, `${folder}/link`, 5)).toStrictEqual([
    'link/again',
    'link/sub',
    'link/sub/file',
  ]);
  const [again] = (await asRoot.listDir({ path: `${folder}/link` })).entries;
  expect(again).toMatchObject({ type: FileType.DIRECTORY, symlinkTarget: `${folder}/real/sub` });
});

test('links that lead in circles and nowhere, pipes and devices are listed and left alone', async () => {
  symlinkSync('loop', join(folder, 'loop'));
  symlinkSync('.', join(folder, 'self'));
  symlinkSync('none', join(folder, 'nowhere'));
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  execFileSync('mknod', [join(folder, 'device'), 'c', '1', '3']);
  const { entries } = await asRoot.listDir({ path: folder, depth: 50 });
  expect(entries.map(({ name, type, permissions }) => [name, type, permissions])).toStrictEqual([
    ['device', FileType.UNSPECIFIED, 'Dcrw-r--r--'],
    ['loop', FileType.UNSPECIFIED, 'Lrwxrwxrwx'],
    ['nowhere', FileType.UNSPECIFIED, 'Lrwxrwxrwx'],
    ['pipe', FileType.UNSPECIFIED, 'prw-r--r--'],
    ['self', FileType.DIRECTORY, 'Lrwxrwxrwx'],
  ]);
});

test('a folder that the user may not read is listed and not entered', async () => {
  make('closed/', 'closed/secret', 'open/', 'open/file');
  chmodSync(join(folder, 'closed'), 0o700);
  expect(await pathsOf(asUser, folder, 5)).toStrictEqual(['closed', 'open', 'open/file']);
  await expect(asUser.listDir({ path: join(folder, 'closed') })).rejects.toThrow(
    rpcCode(Code.PermissionDenied),
  );
});

test('a folder whose names may be read and nothing more has no entries to tell of', async () => {
  make('names/', 'names/file');
  chmodSync(join(folder, 'names'), 0o744);
  expect(await pathsOf(asUser, folder, 5)).toStrictEqual(['names']);
});

test('what is no folder, and what is not there, is refused', async () => {
  make('file');
  symlinkSync('none', join(folder, 'nowhere'));
  for (const path of ['file', 'file/', 'file/below']) {
    await expect(asRoot.listDir({ path: `${folder}/${path}` })).rejects.toThrow(
      rpcCode(Code.InvalidArgument),
    );
  }
  for (const path of ['none', 'nowhere']) {
    await expect(asRoot.listDir({ path: `${folder}/${path}` })).rejects.toThrow(rpcCode(Code.NotFound));
  }
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  await expect(asRoot.listDir({ path: `${folder}/pipe` })).rejects.toThrow(rpcCode(Code.InvalidArgument));
});

test('names that are not UTF-8 are shown as well as can be, and entered all the same', async () => {
  const raw = Buffer.concat([Buffer.from(`${folder}/`), Buffer.of(0xff)]);
  mkdirSync(raw);
  writeFileSync(Buffer.concat([raw, Buffer.from('/in')]), '');
  writeFileSync(join(folder, '\ufffd-other'), '');
  expect(await pathsOf(asRoot, folder, 2)).toStrictEqual(['\ufffd-other', '\ufffd', '\ufffd/in']);
});

test('a relative path is one in the home, and the root has no double slash', async () => {
  mkdirSync(join(daemon.home, 'relative/sub'), { recursive: true });
  const { entries } = await asUser.listDir({ path: 'relative' });
  expect(entries.map(({ path }) => path)).toStrictEqual([`${daemon.home}/relative/sub`]);
  expect(await pathsOf(asRoot, '//')).toContain('/tmp');
});

test('of a tree deeper than a path can be, what a path can name is listed', async () => {
  const script = `
    const { mkdirSync } = require('node:fs');
    for (let depth = 0; depth < 2500; depth += 1) {
      mkdirSync('d');
      process.chdir('d');
    }`;
  execFileSync(process.execPath, ['--eval', script], { cwd: folder });
  const { entries } = await asRoot.listDir({ path: folder, depth: 10_000 });
  expect(entries.length).toBeGreaterThan(1900);
  expect(entries.length).toBeLessThan(2100);
  await asRoot.remove({ path: folder });
});

test('fifty thousand entries are a list, and one more is too many', async () => {
  execFileSync('sh', ['-c', 'seq 50000 | xargs touch'], { cwd: folder });
  expect((await asRoot.listDir({ path: folder })).entries.length).toBe(50_000);
  writeFileSync(`${folder}/one-more`, '');
  await expect(asRoot.listDir({ path: folder })).rejects.toThrow(rpcCode(Code.ResourceExhausted));
  await expect(asRoot.listDir({ path: daemon.rootFolder, depth: 2 })).rejects.toThrow('run find');
});

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Client, Code, ConnectError } from '@connectrpc/connect';
import { fc } from '@fast-check/vitest';
import { type Filesystem, FileType } from '@wrenn/protocol/filesystem';
import { writeXattr } from '@wrenn/sys';
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
  asUser = filesystemClient(daemon.envd.url, { user: 'user', codec: 'binary' });
});
afterAll(() => daemon[Symbol.asyncDispose]());
beforeEach(() => {
  folder = mkdtempSync(join(daemon.rootFolder, 'entry-'));
  chmodSync(folder, 0o755);
});
const rpcCode = (code: Code) => expect.objectContaining({ code });
const statOf = async (path: string, client = asRoot) =>
  (await client.stat({ path: join(folder, path) })).entry;

async function call(method: string, body: string, headers: Record<string, string> = {}): Promise<unknown> {
  const response = await fetch(`${daemon.envd.url}/filesystem.Filesystem/${method}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  return await response.json();
}

describe('Stat', () => {
  test('tells all of a file, in JSON as the clients of E2B read it', async () => {
    writeFileSync(join(folder, 'file'), 'four');
    chmodSync(join(folder, 'file'), 0o640);
    chownSync(join(folder, 'file'), daemon.uid, 54321);
    utimesSync(join(folder, 'file'), 0, 1_700_000_000.25);
    writeXattr(join(folder, 'file'), 'user.e2b.author', Buffer.from('ada'));
    expect(await call('Stat', JSON.stringify({ path: `${folder}//./file` }))).toStrictEqual({
      entry: {
        name: 'file',
        type: 'FILE_TYPE_FILE',
        path: `${folder}/file`,
        size: '4',
        mode: 0o640,
        permissions: '-rw-r-----',
        owner: 'user',
        group: '54321',
        modifiedTime: '2023-11-14T22:13:20.250Z',
        metadata: { author: 'ada' },
      },
    });
  });

  test('tells of a link its own facts, with the type, mode and metadata of what it leads to', async () => {
    writeFileSync(join(folder, 'file'), 'content');
    chmodSync(join(folder, 'file'), 0o600);
    writeXattr(join(folder, 'file'), 'user.e2b.a', Buffer.from('b'));
    symlinkSync('file', join(folder, 'first'));
    symlinkSync(`${folder}/../${folder.slice(folder.lastIndexOf('/') + 1)}/first`, join(folder, 'second'));
    expect(await statOf('second')).toMatchObject({
      name: 'second',
      path: `${folder}/second`,
      type: FileType.FILE,
      mode: 0o600,
      permissions: 'Lrwxrwxrwx',
      size: BigInt(readlinkSync(join(folder, 'second')).length),
      symlinkTarget: `${folder}/file`,
      metadata: { a: 'b' },
    });
  });

  test.each([
    ['none/x', (at: string) => `${at}/none/x`],
    ['/none', () => '/none'],
    ['./none', (at: string) => `${at}/none`],
    ['circle', (at: string) => `${at}/circle`],
  ])('tells of a link to %s, which leads nowhere, what it says', async (text, target) => {
    symlinkSync(text, join(folder, 'circle'));
    expect(await statOf('circle')).toMatchObject({
      type: FileType.UNSPECIFIED,
      mode: 0,
      permissions: 'Lrwxrwxrwx',
      symlinkTarget: target(folder),
      metadata: {},
    });
  });

  test('opens neither pipes nor devices', async () => {
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    expect(await statOf('pipe')).toMatchObject({ type: FileType.UNSPECIFIED, permissions: 'prw-r--r--' });
    const { entry } = await asRoot.stat({ path: '/dev/null' });
    expect(entry).toMatchObject({ type: FileType.UNSPECIFIED, permissions: 'Dcrw-rw-rw-', mode: 0o666 });
  });

  test('tells times that its message cannot hold as the nearest that it can', async () => {
    writeFileSync(join(folder, 'late'), '');
    execFileSync('touch', ['-d', '@15000000000', join(folder, 'late')]);
    writeFileSync(join(folder, 'early'), '');
    utimesSync(join(folder, 'early'), 0, new Date(-1500));
    const { entries } = await asRoot.listDir({ path: folder });
    expect(entries.map(({ modifiedTime }) => modifiedTime)).toMatchObject([
      { seconds: -2n, nanos: 500_000_000 },
      { seconds: 15_000_000_000n },
    ]);
    const far = `/dev/shm/${crypto.randomUUID()}`;
    writeFileSync(far, '');
    try {
      execFileSync('touch', ['-d', '@999999999999', far]);
      const { entry } = await asRoot.stat({ path: far });
      expect(entry?.modifiedTime).toMatchObject({ seconds: 253_402_300_799n });
    } finally {
      await asRoot.remove({ path: far });
    }
  });

  test('sees what its user may see', async () => {
    mkdirSync(join(folder, 'closed'), { mode: 0o700 });
    writeFileSync(join(folder, 'closed/file'), '');
    writeFileSync(join(folder, 'secret'), '', { mode: 0o600 });
    writeXattr(join(folder, 'secret'), 'user.e2b.a', Buffer.from('b'));
    symlinkSync('closed/file', join(folder, 'link'));
    await expect(statOf('closed/file', asUser)).rejects.toThrow(rpcCode(Code.PermissionDenied));
    expect(await statOf('secret', asUser)).toMatchObject({ owner: 'root', metadata: {} });
    expect(await statOf('link', asUser)).toMatchObject({
      type: FileType.UNSPECIFIED,
      symlinkTarget: `${folder}/closed/file`,
    });
  });

  test('of nothing, and through a file, finds nothing', async () => {
    await expect(statOf('none')).rejects.toThrow(rpcCode(Code.NotFound));
    await expect(asRoot.stat({ path: '/etc/passwd/x' })).rejects.toThrow(rpcCode(Code.InvalidArgument));
    await expect(statOf('n'.repeat(256))).rejects.toThrow(rpcCode(Code.InvalidArgument));
  });
});

describe('MakeDir', () => {
  test('makes a folder and those that it is in, as the user', async () => {
    const { entry } = await asUser.makeDir({ path: 'a/b/../c' });
    expect(entry).toMatchObject({ type: FileType.DIRECTORY, owner: 'user', permissions: 'drwxr-xr-x' });
    expect(readdirSync(join(daemon.home, 'a')).toSorted()).toStrictEqual(['b', 'c']);
    expect(statSync(join(daemon.home, 'a'))).toMatchObject({ uid: daemon.uid, gid: daemon.uid });
  });

  test('says of a folder that it exists already, of anything else that it is none', async () => {
    writeFileSync(join(folder, 'file'), '');
    symlinkSync('.', join(folder, 'link'));
    symlinkSync('none', join(folder, 'nowhere'));
    for (const path of ['/', folder, `${folder}/link`]) {
      await expect(asRoot.makeDir({ path })).rejects.toThrow(rpcCode(Code.AlreadyExists));
    }
    for (const path of ['file', 'nowhere', 'file/below/it']) {
      await expect(asRoot.makeDir({ path: join(folder, path) })).rejects.toThrow(
        rpcCode(Code.InvalidArgument),
      );
    }
    await expect(asRoot.makeDir({ path: join(folder, 'nowhere/below') })).rejects.toThrow(
      rpcCode(Code.NotFound),
    );
  });

  test('makes nothing where the user may not', async () => {
    for (const path of [`${folder}/new`, `${folder}/new/deep`]) {
      await expect(asUser.makeDir({ path })).rejects.toThrow(rpcCode(Code.PermissionDenied));
    }
    expect(readdirSync(folder)).toStrictEqual([]);
  });

  test('makes as many levels as a path can name', async () => {
    await asRoot.makeDir({ path: folder + '/d'.repeat(1000) });
    await expect(asRoot.makeDir({ path: folder + '/d'.repeat(2100) })).rejects.toThrow(
      rpcCode(Code.InvalidArgument),
    );
    await asRoot.remove({ path: folder });
  });
});

describe('every method', () => {
  const methods = ['Stat', 'MakeDir', 'ListDir', 'Remove', 'Move'] as const;

  test.each(methods)('%s refuses a user that does not exist', async (method) => {
    const headers = { authorization: `Basic ${Buffer.from('nobody-of-this-name:').toString('base64')}` };
    const fields = method === 'Move' ? { source: folder, destination: folder } : { path: folder };
    expect(await call(method, JSON.stringify(fields), headers)).toMatchObject({
      code: 'unauthenticated',
      message: "invalid username: 'nobody-of-this-name'",
    });
  });

  test.each([
    '{',
    '[]',
    '{"path": 5}',
    '{"path": {}}',
    '{"path": "/", "depth": -1}',
    '{"path": "\\ud800"}',
    '',
  ])('the body %j is refused', async (body) => {
    expect(await call('ListDir', body)).toMatchObject({ code: 'invalid_argument' });
  });

  test('any path has an answer, and nothing of others is touched', async () => {
    const parts = fc.oneof(
      fc.constantFrom(
        '..',
        '.',
        '',
        '~',
        '~root',
        'a',
        'b',
        'link',
        'loop',
        'file',
        'n'.repeat(300),
        'a\0b',
        '\ud800',
      ),
      fc.string({ unit: 'binary', maxLength: 8 }),
    );
    const paths = fc.array(parts, { maxLength: 8 }).map((all) => all.join('/'));
    const start = join(daemon.home, 'fuzz');
    mkdirSync(start);
    chownSync(start, daemon.uid, daemon.uid);
    symlinkSync(folder, join(start, 'link'));
    symlinkSync('loop', join(start, 'loop'));
    writeFileSync(join(folder, 'file'), '');
    const foreseen = [Code.InvalidArgument, Code.NotFound, Code.AlreadyExists, Code.PermissionDenied];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('makeDir', 'stat', 'listDir', 'remove'),
        paths,
        async (method, path) => {
          try {
            await asUser[method]({ path: `${start}/${path}` });
          } catch (thrown) {
            expect(foreseen).toContain(ConnectError.from(thrown).code);
          }
        },
      ),
      { numRuns: 400 },
    );
    expect(readdirSync(folder)).toStrictEqual(['file']);
    expect(statSync(daemon.rootFolder).uid).toBe(0);
  });

  test('no descriptor stays open', async () => {
    const elsewhere = `/dev/shm/${crypto.randomUUID()}`;
    const count = () => readdirSync(`/proc/${daemon.envd.pid}/fd`).length;
    const before = count();
    mkdirSync(join(folder, 'a/b/c'), { recursive: true });
    for (let time = 0; time < 20; time += 1) {
      await asRoot.listDir({ path: folder, depth: 9 });
      await expect(asRoot.listDir({ path: '/etc/passwd' })).rejects.toThrow();
      await expect(asUser.remove({ path: `${folder}/a` })).rejects.toThrow();
      await asRoot.move({ source: `${folder}/a`, destination: elsewhere });
      await asRoot.move({ source: elsewhere, destination: `${folder}/a` });
    }
    expect(count()).toBeLessThan(before + 10);
  });
});

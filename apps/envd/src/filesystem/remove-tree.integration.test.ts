import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, Code } from '@connectrpc/connect';
import { deadline, until } from '@wrenn/core';
import type { Filesystem } from '@wrenn/protocol/filesystem';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type EnvdWithUser, startEnvdWithUser } from '../testing/envd-with-user.ts';
import { filesystemClient } from '../testing/filesystem-client.ts';
import { removeTree } from './remove-tree.ts';

const rpcCode = (code: Code) => expect.objectContaining({ code });

describe('of a tree that changes meanwhile', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'envd-remove-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function makeTree(): { readonly tree: string; readonly victim: string } {
    const at = mkdtempSync(join(folder, 'race-'));
    const [tree, victim] = [join(at, 'tree'), join(at, 'victim')];
    for (const path of [`${tree}/a/b`, `${victim}/b`]) mkdirSync(path, { recursive: true });
    for (const path of [`${tree}/a/1`, `${tree}/a/b/2`, `${victim}/1`, `${victim}/b/2`])
      writeFileSync(path, '');
    return { tree, victim };
  }

  /** Swaps at every moment between two steps, one after the other. */
  function removeWith(change: (tree: string, victim: string) => void): number {
    for (let moment = 0; ; moment += 1) {
      const { tree, victim } = makeTree();
      const steps = removeTree(tree);
      let isOver = false;
      for (let step = 0; step < moment && !isOver; step += 1) isOver = steps.next().done === true;
      if (isOver) return moment;
      if (existsSync(`${tree}/a/b`)) change(tree, victim);
      while (steps.next().done !== true) {}
      expect(existsSync(tree)).toBe(false);
      expect(readdirSync(victim, { recursive: true }).toSorted()).toStrictEqual(['1', 'b', 'b/2']);
    }
  }

  test.each(['', '/a', '/a/b'])('a folder that becomes a link leads nowhere else (tree%s)', (part) => {
    const moments = removeWith((tree, victim) => {
      renameSync(tree + part, `${victim}-old`);
      symlinkSync(part === '/a/b' ? `${victim}/b` : victim, tree + part);
      rmSync(`${victim}-old`, { recursive: true });
    });
    expect(moments).toBeGreaterThan(5);
  });

  test('what is added is removed too', () => {
    removeWith((tree) => {
      mkdirSync(`${tree}/a/b/more/and/more`, { recursive: true });
      writeFileSync(`${tree}/a/b/more/file`, '');
    });
  });

  test('what is taken away does not matter', () => {
    removeWith((tree) => rmSync(`${tree}/a/b`, { recursive: true }));
  });
});

describe('by the daemon', () => {
  let daemon: EnvdWithUser;
  let asRoot: Client<typeof Filesystem>;
  let asUser: Client<typeof Filesystem>;
  beforeAll(async () => {
    daemon = await startEnvdWithUser();
    asRoot = filesystemClient(daemon.envd.url);
    asUser = filesystemClient(daemon.envd.url, { user: 'user', codec: 'binary' });
  });
  afterAll(() => daemon[Symbol.asyncDispose]());
  const own = (path: string) => chownSync(path, daemon.uid, daemon.uid);

  test('a file, a link, a pipe and a socket go, and what a link leads to stays', async () => {
    const folder = join(daemon.rootFolder, 'kinds');
    mkdirSync(join(folder, 'kept'), { recursive: true });
    writeFileSync(join(folder, 'file'), '');
    symlinkSync('kept', join(folder, 'link'));
    symlinkSync('loop', join(folder, 'loop'));
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    const server = createServer().listen(join(folder, 'socket'));
    await once(server, 'listening');
    for (const name of ['file', 'link/', 'loop', 'pipe', 'socket'])
      await asRoot.remove({ path: `${folder}/${name}` });
    expect(readdirSync(folder)).toStrictEqual(['kept']);
    await asRoot.remove({ path: folder });
    expect(existsSync(folder)).toBe(false);
    server.close();
  });

  test('what is not there is removed already', async () => {
    await asRoot.remove({ path: `${daemon.rootFolder}/none` });
    await asRoot.remove({ path: `${daemon.rootFolder}/none/at/all` });
    await asRoot.remove({ path: '/etc/passwd/below' });
  });

  test.each(['/', '//', '/.', '/..', '/tmp/..', ''])('%j is refused', async (path) => {
    await expect(asRoot.remove({ path })).rejects.toThrow(rpcCode(Code.InvalidArgument));
  });

  test('names that are not UTF-8 go with their folder', async () => {
    const folder = join(daemon.rootFolder, 'bytes');
    mkdirSync(folder);
    const raw = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff, 0xfe, 0x0a])]);
    mkdirSync(raw);
    writeFileSync(Buffer.concat([raw, Buffer.from('/'), Buffer.from([0x80])]), '');
    await asRoot.remove({ path: folder });
    expect(existsSync(folder)).toBe(false);
  });

  test('a tree deeper than any path can be goes too', async () => {
    const folder = join(daemon.home, 'deep');
    mkdirSync(folder);
    own(folder);
    const script = 'for (1 .. 3000) { mkdir "d"; chdir "d" or die $! } open(my $file, ">", "file") or die $!';
    execFileSync('perl', ['-e', script], { cwd: folder, uid: daemon.uid });
    await asUser.remove({ path: folder });
    expect(existsSync(folder)).toBe(false);
  });

  test('a user may remove what is theirs to remove, and nothing else', async () => {
    const mine = join(daemon.home, 'mine');
    mkdirSync(mine);
    own(mine);
    symlinkSync(daemon.rootFolder, join(mine, 'link'));
    const kept = join(daemon.rootFolder, 'kept');
    mkdirSync(kept);
    writeFileSync(join(kept, 'file'), '');
    for (const path of [kept, `${kept}/file`, `${mine}/link/kept`]) {
      await expect(asUser.remove({ path })).rejects.toThrow(rpcCode(Code.PermissionDenied));
    }
    expect(existsSync(join(kept, 'file'))).toBe(true);
    await asUser.remove({ path: 'mine' });
    expect(existsSync(mine)).toBe(false);
  });

  test('a fault names what could not be removed', async () => {
    const tree = join(daemon.home, 'mixed');
    mkdirSync(join(tree, 'theirs'), { recursive: true });
    writeFileSync(join(tree, 'theirs', 'file'), '');
    own(tree);
    await expect(asUser.remove({ path: tree })).rejects.toThrow(`'${tree}/theirs/file' permission denied`);
    expect(existsSync(join(tree, 'theirs', 'file'))).toBe(true);
  });

  test('an empty folder that its user may not read goes all the same', async () => {
    const closed = join(daemon.home, 'closed');
    mkdirSync(closed);
    own(closed);
    chmodSync(closed, 0);
    await asUser.remove({ path: closed });
    expect(existsSync(closed)).toBe(false);
  });

  test('a folder for drop-offs, which may be entered but not read, is no obstacle', async () => {
    const box = join(daemon.rootFolder, 'box');
    mkdirSync(box);
    chmodSync(box, 0o733);
    writeFileSync(join(box, 'file'), '');
    await asUser.remove({ path: join(box, 'file') });
    expect(existsSync(join(box, 'file'))).toBe(false);
  });

  test('twenty thousand files go while the daemon keeps answering', { timeout: 120_000 }, async () => {
    const answers = await moreThan(3, async (count) => {
      const tree = makeFiles(join(daemon.rootFolder, 'many'), count);
      let answered = 0;
      const removed = asRoot.remove({ path: tree }).then(() => 'removed');
      const ask = async (): Promise<string> => {
        const { status } = await fetch(`${daemon.envd.url}/health`);
        if (status < 300 && existsSync(tree)) answered += 1;
        return 'answered';
      };
      while ((await Promise.race([removed, ask()])) !== 'removed') {}
      expect(existsSync(tree)).toBe(false);
      return answered;
    });
    expect(answers).toBeGreaterThan(3);
  });

  test('a client that goes away ends the work', { timeout: 120_000 }, async () => {
    const left = await moreThan(2, async (count) => {
      const tree = makeFiles(join(daemon.rootFolder, 'left'), count);
      const leaving = new AbortController();
      const outcome = asRoot.remove({ path: tree }, { signal: leaving.signal }).then(
        () => 'removed',
        (thrown: unknown) => thrown,
      );
      using limit = deadline(60_000, 'waiting for the removal to begin');
      const hasBegun = () => ['0', '1'].some((name) => linksTo(join(tree, name)) !== 102);
      await until(() => (hasBegun() ? true : undefined), 1, limit);
      leaving.abort();
      expect(['removed', rpcCode(Code.Canceled)]).toContainEqual(await outcome);
      // It has ended when the number of files stands still while the daemon answers.
      const standing = async () => {
        const before = countEntries(tree);
        await fetch(`${daemon.envd.url}/health`);
        return countEntries(tree) === before ? before : undefined;
      };
      return await until(standing, 20, limit);
    });
    expect(left).toBeGreaterThan(2);
  });
});

/** What `look` sees of a removal of twenty thousand files, or of more where it was over too soon to see so much. */
async function moreThan(least: number, look: (count: number) => Promise<number>): Promise<number> {
  for (let count = 20_000; ; count *= 2) {
    const seen = await look(count);
    if (seen > least || count >= 160_000) return seen;
  }
}

function linksTo(path: string): number | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.nlink;
}

/** Of a tree that may be on its way out: find complains of folders that it came too late for, which is no fault. */
function countEntries(tree: string): number {
  const { stdout, error } = spawnSync('find', [tree], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (error !== undefined) throw error;
  return stdout.split('\n').length;
}

/** A hundred folders in each folder of the first level. */
function makeFiles(tree: string, count: number): string {
  for (let index = 0; index < count; index += 1) {
    const folder = `${tree}/${index % 2}/${index % 200}`;
    if (index < 200) mkdirSync(folder, { recursive: true });
    writeFileSync(`${folder}/${index}`, '');
  }
  return tree;
}

import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { ignoredBy } from './ignored-paths.ts';
import { PackedFolder, type Packing } from './packed-folder.ts';

let folder: string;
beforeEach(async (context) => {
  folder = await mkdtemp(join(tmpdir(), 'wrenn-pack-'));
  context.onTestFinished(() => rm(folder, { recursive: true }));
});

const packing = (more: Partial<Packing> = {}): Packing => ({
  folder,
  isIgnored: () => false,
  onLeftOut: () => undefined,
  signal: AbortSignal.timeout(60_000),
  ...more,
});

/** What is in it, as `kind path content-or-target`. */
async function listed(packed: PackedFolder): Promise<string[]> {
  const content = Readable.fromWeb(packed.stream(AbortSignal.timeout(60_000)) as never);
  const entries = content.pipe(createGunzip()).pipe(extract() as unknown as NodeJS.WritableStream);
  const found: string[] = [];
  for await (const entry of entries as unknown as ReturnType<typeof extract>) {
    const { name, type, linkname, mode } = entry.header;
    const inside = type === 'symlink' ? `-> ${linkname}` : await text(Readable.from(entry));
    found.push(`${type} ${name} ${mode?.toString(8)} ${inside}`.trimEnd());
  }
  return found;
}

describe('a packed folder', () => {
  it('holds files, folders and links with their modes, in the order of names', async () => {
    await mkdir(join(folder, 'b'));
    await writeFile(join(folder, 'b', 'run.sh'), 'echo');
    await chmod(join(folder, 'b', 'run.sh'), 0o750);
    await chmod(join(folder, 'b'), 0o700);
    await writeFile(join(folder, 'a'), '');
    await chmod(join(folder, 'a'), 0o644);
    await symlink('../outside', join(folder, 'c'));
    await using packed = await PackedFolder.of(packing());
    expect(await listed(packed)).toEqual([
      'file a 644',
      'directory b 700',
      'file b/run.sh 750 echo',
      'symlink c 777 -> ../outside',
    ]);
  });

  it('holds files with long names and with more than a piece of content', async () => {
    const long = 'n'.repeat(200);
    const content = 'x'.repeat(300_000);
    await writeFile(join(folder, long), content);
    await chmod(join(folder, long), 0o644);
    await using packed = await PackedFolder.of(packing());
    expect(await listed(packed)).toEqual([`file ${long} 644 ${content}`]);
    expect(packed.size).toBeLessThan(content.length);
  });

  it('has no sockets, and says so', async () => {
    const server = createServer().listen(join(folder, 'socket'));
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const leftOut: string[] = [];
    await using packed = await PackedFolder.of(packing({ onLeftOut: (path) => leftOut.push(path) }));
    expect(await listed(packed)).toEqual([]);
    expect(leftOut).toEqual(['socket']);
  });

  it('has nothing of what is ignored', async () => {
    await mkdir(join(folder, 'node_modules', 'x'), { recursive: true });
    await writeFile(join(folder, 'node_modules', 'x', 'index.js'), '1');
    await using packed = await PackedFolder.of(packing({ isIgnored: ignoredBy('/node_modules/\n') }));
    expect(await listed(packed)).toEqual([]);
  });

  it('that is too large is refused, and what takes the most is named', async () => {
    await writeFile(join(folder, 'large'), crypto.getRandomValues(new Uint8Array(60_000)));
    await writeFile(join(folder, 'zero'), '');
    await expect(PackedFolder.of(packing(), 10_000)).rejects.toMatchObject({
      code: 'too_large',
      message: expect.stringContaining('larger than 9.8 KiB'),
      remedy: expect.stringContaining('large (58.6 KiB or more)'),
    });
  });

  it('that is not there is an error of the system', async () => {
    await expect(PackedFolder.of(packing({ folder: join(folder, 'none') }))).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });

  it('is given up when that is wanted', async () => {
    await writeFile(join(folder, 'a'), 'a');
    const stop = new AbortController();
    stop.abort(new Error('enough'));
    await expect(PackedFolder.of(packing({ signal: stop.signal }))).rejects.toThrow('enough');
  });
});

describe('what .dockerignore says plainly', () => {
  it.each([
    ['node_modules', true],
    ['/node_modules/', true],
    ['./node_modules', true],
    ['# node_modules', false],
    ['node_modules/x', false],
    ['node_mod*', false],
    ['a/../node_modules', false],
    ['node_modules\n!node_modules/x', false],
    ['', false],
  ])('%j leaves node_modules out: %s', (rules, leftOut) => {
    expect(ignoredBy(rules)('node_modules')).toBe(leftOut);
  });

  it('never leaves out the rules themselves', () => {
    const isIgnored = ignoredBy('.dockerignore\n.env');
    expect(['.dockerignore', '.env'].map((path) => isIgnored(path))).toEqual([false, true]);
  });
});

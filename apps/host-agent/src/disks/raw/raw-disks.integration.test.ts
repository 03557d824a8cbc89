import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dataRanges } from '@wrenn/sys';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { slotAt } from '../../network/slot.ts';
import { copySparse } from './copy-file.ts';
import { probeDmSnapshot } from './dm-snapshot.ts';
import { tellsHolesExactly } from './probe.ts';
import { RawDisks } from './raw-disks.ts';
import { type Kind, missing, TestFileSystem } from './testing/file-system.ts';

const never = new AbortController().signal;
const mebibyte = 1 << 20;
const owner = { uid: 54_321, gid: 54_322 };
const withoutMapper = await probeDmSnapshot(never);

describe.each([
  ['ext4', withoutMapper === undefined ? 'dm_snapshot' : 'sparse_copy'],
  ['xfs', 'reflink'],
  ['btrfs', 'reflink'],
] as const)('raw disks on %s', (kind: Kind, method) => {
  const why = missing(kind);
  if (why !== undefined) {
    console.log(`raw disks on ${kind} are not tested: ${why}`);
    it('are made there', (context) => context.skip(why));
    return;
  }
  let system: TestFileSystem;
  let disks: RawDisks;
  let image: string;
  let number = 0;
  const path = (name: string) => join(system.directory, `${name}-${number++}.raw`);

  beforeAll(async () => {
    system = await TestFileSystem.make(kind);
    disks = await RawDisks.open(system.directory, never);
    image = path('image');
    await using file = await open(image, 'wx');
    await file.truncate(64 * mebibyte);
    await file.write(randomBytes(8 * mebibyte), 0, undefined, 0);
    await file.write(randomBytes(mebibyte), 0, undefined, 40 * mebibyte);
  }, 60_000);
  afterAll(() => system[Symbol.asyncDispose]());

  it(`are made by ${method}, which was found out by trying`, () => {
    expect(disks.method).toBe(method);
    expect(disks.probe.rejected.every((each) => each.why !== '')).toBe(true);
  });

  it('tell which pages of a file were written, as diffs of memory are read by', async () => {
    expect(await tellsHolesExactly(system.directory)).toBe(true);
  });

  it('have the content of what they were made from, and belong to their machine', async () => {
    const disk = path('disk');
    await disks.makeTemplateDisk({ path: disk, image, owner }, never);
    expect((await readFile(disk)).equals(await readFile(image))).toBe(true);
    expect(await stat(disk)).toMatchObject({ uid: owner.uid, gid: owner.gid });
    expect((await stat(disk)).mode & 0o777).toBe(0o600);
  });

  it('are independent: what is written to one is in no other', async (context) => {
    context.skip(method === 'dm_snapshot', 'disks of copy-on-write stores have tests of their own');
    const [one, other] = [path('one'), path('other')];
    for (const disk of [one, other]) await disks.make({ path: disk, below: [image], like: '', owner }, never);
    await using file = await open(one, 'r+');
    await file.write(Buffer.from('changed'), 0, undefined, mebibyte);
    expect((await readFile(one)).toString('latin1', mebibyte, mebibyte + 7)).toBe('changed');
    expect((await readFile(other)).equals(await readFile(image))).toBe(true);
  });

  it('keep their holes, and take no more than they hold', async () => {
    const before = system.used();
    const disk = path('sparse');
    await disks.makeTemplateDisk({ path: disk, image, owner }, never);
    const taken = system.used() - before;
    expect(taken).toBeLessThan(disks.method === 'reflink' ? mebibyte : 10 * mebibyte);
    const { blocks, size } = await stat(disk);
    expect(size).toBe(64 * mebibyte);
    expect(blocks * 512).toBeLessThan(10 * mebibyte);
  });

  it('are sealed by a copy while the machine goes on with its own', async () => {
    const [own, sealed] = [path('own'), path('sealed')];
    await disks.makeTemplateDisk({ path: own, image, owner }, never);
    await using file = await open(own, 'r+');
    await file.write(Buffer.from('before'), 0, undefined, 0);
    if (disks.sealing.by !== 'copy') throw new Error('raw disks are sealed by a copy');
    // Nothing was flushed: what the page cache has is what counts.
    await disks.sealing.copy({ from: own, to: sealed, owner: { uid: 0, gid: 0 } }, never);
    await file.write(Buffer.from('after!'), 0, undefined, 0);
    expect((await readFile(sealed)).toString('latin1', 0, 6)).toBe('before');
  });

  it('become one sparse file of root with all that is read through them', async () => {
    const [lower, flat] = [path('lower'), path('flat')];
    await disks.make({ path: lower, below: [image], like: '', owner }, never);
    await disks.flatten({ chain: [lower], base: image, destination: flat, reader: owner, signal: never });
    expect((await readFile(flat)).equals(await readFile(image))).toBe(true);
    expect(await stat(flat)).toMatchObject({ uid: 0, gid: 0 });
    expect((await stat(flat)).blocks * 512).toBeLessThan(10 * mebibyte);
  });

  it('are not made over what is there, and leave nothing when they are called off', async () => {
    const disk = path('taken');
    await disks.makeTemplateDisk({ path: disk, image, owner }, never);
    await expect(disks.makeTemplateDisk({ path: disk, image, owner }, never)).rejects.toMatchObject({
      code: 'EEXIST',
    });
    const never_made = path('called-off');
    await expect(
      copySparse({ from: image, to: never_made, owner }, AbortSignal.abort(new Error('called off'))),
    ).rejects.toThrow('called off');
    await expect(stat(never_made)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('give back what is written as zeros when they are copied', async () => {
    const [full, copy] = [path('full'), path('copy')];
    await using file = await open(full, 'wx+');
    await file.write(Buffer.alloc(16 * mebibyte), 0, undefined, 0);
    await file.write(Buffer.from('end'), 0, undefined, 12 * mebibyte + 5);
    await copySparse({ from: full, to: copy, owner }, never);
    expect((await readFile(copy)).equals(await readFile(full))).toBe(true);
    await using copied = await open(copy, 'r');
    const held = [...dataRanges(copied.fd, 16 * mebibyte)].reduce((sum, { length }) => sum + length, 0);
    expect(held).toBeLessThan(mebibyte);
  });
});

it('a device is copied whole, without the zeros that it reads', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'wrenn-device-'));
  const [file, copy] = [join(directory, 'file'), join(directory, 'copy')];
  await writeFile(file, Buffer.concat([Buffer.alloc(mebibyte, 'a'), Buffer.alloc(7 * mebibyte)]));
  const loop = execFileSync('losetup', ['--find', '--show', '--read-only', file], {
    encoding: 'utf8',
  }).trim();
  try {
    await copySparse({ from: loop, to: copy, owner }, never, 8 * mebibyte);
    expect((await readFile(copy)).equals(await readFile(file))).toBe(true);
    expect((await stat(copy)).blocks * 512).toBeLessThan(2 * mebibyte);
  } finally {
    execFileSync('losetup', ['--detach', loop]);
    await rm(directory, { recursive: true });
  }
});

describe('disks of copy-on-write stores', () => {
  if (withoutMapper !== undefined) {
    console.log(`disks of copy-on-write stores are not tested: ${withoutMapper}`);
    it('are laid over images', (context) => context.skip(withoutMapper));
    return;
  }

  it('are laid over an image, read as it, and keep what is written over it', async () => {
    await using system = await TestFileSystem.make('ext4');
    const disks = await RawDisks.open(system.directory, never);
    const image = join(system.directory, 'image');
    await using file = await open(image, 'wx');
    await file.truncate(16 * mebibyte);
    await file.write(Buffer.from('of the image'), 0, undefined, 0);
    const store = join(system.directory, 'store.cow');
    await disks.make({ path: store, below: [image], like: '', owner }, never);
    const attached = await disks.attach([image, store], slotAt(21_650), never);
    const device = await open(attached.path, 'r+');
    const bytes = Buffer.alloc(512);
    await device.read(bytes, 0, 512, 0);
    expect(bytes.toString('latin1', 0, 12)).toBe('of the image');
    await device.write(Buffer.alloc(512, 'x'), 0, 512, 4096);
    await device.sync();
    await device.close();
    await attached.detach();
    const again = await disks.attach([image, store], slotAt(21_650), never);
    const read = await open(again.path, 'r');
    await read.read(bytes, 0, 512, 4096);
    expect(bytes.equals(Buffer.alloc(512, 'x'))).toBe(true);
    await read.close();
    expect(await disks.sweep(new Set(), never)).toHaveLength(1);
    const merged = join(system.directory, 'merged.cow');
    await disks.merge({ chain: [store], base: image, destination: merged, signal: never });
    expect((await readFile(merged)).subarray(4096, 4608).equals(Buffer.alloc(512, 'x'))).toBe(true);
    expect((await readFile(image)).subarray(4096, 4608).every((byte) => byte === 0)).toBe(true);
  });
});

import { chmod, chown, copyFile, mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../process/run.ts';
import { flattenDisks } from './flatten.ts';
import { mergeDisks } from './merge.ts';
import { makeOverlay } from './overlay.ts';
import { qcow2Disks } from './qcow2-disks.ts';

const signal = new AbortController().signal;
const owner = { uid: 54_321, gid: 54_321 };
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'disks-'));
});
afterEach(() => rm(directory, { recursive: true }));

const at = (name: string) => join(directory, `${name}.qcow2`);
async function qemu(program: 'qemu-img' | 'qemu-io', ...args: string[]): Promise<string> {
  return (await run([program, ...args], { signal, timeoutMs: 60_000 })).stdout;
}

/** A disk of 64 MiB with something on it, and an empty overlay of it that qemu-img made. */
async function makeBase(): Promise<{ base: string; empty: string }> {
  await qemu('qemu-img', 'create', '-q', '-f', 'qcow2', at('base'), '64M');
  await qemu('qemu-io', '-c', 'write -q -P 0xbb 0 48M', at('base'));
  await qemu('qemu-img', 'create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', at('base'), at('empty'));
  return { base: at('base'), empty: at('empty') };
}

/** Each disk of it lies on the one before, and writes, zeroes and discards something of its own. */
async function makeChain(depth: number): Promise<{ base: string; chain: string[] }> {
  const { base, empty } = await makeBase();
  const chain: string[] = [];
  for (let level = 0; level < depth; level++) {
    const path = at(`layer-${level}`);
    await makeOverlay({ path, backing: chain.at(-1) ?? base, like: empty, owner });
    const from = level * 3;
    await qemu(
      'qemu-io',
      ...['-d', 'unmap'],
      ...['-c', `write -q -P ${level + 1} ${from}M 5M`],
      ...['-c', `write -q -z ${from + 1}M 1M`],
      ...['-c', `write -q -z -u ${from + 2}M 512k`],
      ...['-c', `discard -q ${from + 3}M 256k`],
      ...['-c', `write -q -P ${level + 101} ${40_000 + level}k 1k`],
      path,
    );
    chain.push(path);
  }
  return { base, chain };
}

interface Info {
  'backing-filename': string;
  'backing-filename-format': string;
  'virtual-size': number;
}
async function infoOf(path: string): Promise<Info> {
  return JSON.parse(await qemu('qemu-img', 'info', '--output=json', path));
}

describe('makeOverlay', () => {
  it('makes an overlay that QEMU finds sound, reads as its backing file, and writes to', async () => {
    const { base, empty } = await makeBase();
    const moved = join(directory, `base of another name, and longer, ${'x'.repeat(150)}.qcow2`);
    await copyFile(base, moved);
    await makeOverlay({ path: at('overlay'), backing: moved, like: empty, owner });
    await qemu('qemu-img', 'check', '-q', at('overlay'));
    expect(await infoOf(at('overlay'))).toMatchObject({
      'backing-filename': moved,
      'backing-filename-format': 'qcow2',
      'virtual-size': 64 << 20,
    });
    await rm(base);
    await qemu('qemu-img', 'compare', '-q', at('overlay'), moved);
    await qemu('qemu-io', '-c', 'write -q -P 7 63M 1M', '-c', 'read -P 0xbb 0 1M', at('overlay'));
    await qemu('qemu-img', 'check', '-q', at('overlay'));
  });

  it('belongs to its owner alone', async () => {
    const { base, empty } = await makeBase();
    await makeOverlay({ path: at('overlay'), backing: base, like: empty, owner });
    const { uid, gid, mode } = await stat(at('overlay'));
    expect({ uid, gid, mode: mode & 0o777 }).toEqual({ ...owner, mode: 0o600 });
  });

  it('leaves what is there alone, and nothing of an overlay that it cannot make', async () => {
    const { base, empty } = await makeBase();
    await makeOverlay({ path: at('overlay'), backing: base, like: empty, owner });
    const options = { path: at('overlay'), backing: base, like: empty, owner };
    await expect(makeOverlay(options)).rejects.toMatchObject({ code: 'EEXIST' });
    expect(await infoOf(at('overlay'))).toMatchObject({ 'backing-filename': base });
    await using noDisk = await open(at('text'), 'wx');
    await noDisk.write('no disk at all '.repeat(100));
    const broken = { ...options, path: at('broken'), like: at('text') };
    await expect(makeOverlay(broken)).rejects.toMatchObject({ code: 'agent_error' });
    await expect(stat(at('broken'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('mergeDisks', () => {
  it('makes one overlay of the base with the content of a chain, zeros and discards included', async () => {
    const { base, chain } = await makeChain(12);
    const top = chain.at(-1) ?? '';
    await mergeDisks({ chain, base, destination: at('merged'), signal });
    expect(await infoOf(at('merged'))).toMatchObject({ 'backing-filename': base });
    await qemu('qemu-img', 'check', '-q', at('merged'));
    // Without those that it was made of.
    await qemu('qemu-img', 'convert', '-O', 'raw', top, at('flat'));
    for (const path of chain) await rm(path);
    await qemu('qemu-img', 'compare', '-q', '-f', 'qcow2', '-F', 'raw', at('merged'), at('flat'));
  });

  it('only reads the chain, and gives what it made to root alone', async () => {
    const { base, chain } = await makeChain(3);
    const before = await Promise.all(chain.map((path) => stat(path)));
    await mergeDisks({ chain, base, destination: at('merged'), signal });
    for (const [index, path] of chain.entries()) {
      const { mtimeMs, uid, size } = await stat(path);
      expect({ mtimeMs, uid, size }).toEqual({
        mtimeMs: before[index]?.mtimeMs,
        uid: owner.uid,
        size: before[index]?.size,
      });
    }
    const { uid, gid, mode } = await stat(at('merged'));
    expect({ uid, gid, mode: mode & 0o777 }).toEqual({ uid: 0, gid: 0, mode: 0o600 });
  });

  it('refuses a chain in which a disk lies on another file than it should', async () => {
    const { base, chain } = await makeChain(3);
    const [first = '', second = ''] = chain;
    await qemu('qemu-img', 'rebase', '-q', '-u', '-F', 'raw', '-b', '/etc/shadow', second);
    const merging = mergeDisks({ chain, base, destination: at('merged'), signal });
    await expect(merging).rejects.toThrow(`lies on /etc/shadow, not on ${first}`);
    await expect(stat(at('merged'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('leaves nothing when it is broken off, or when something is there already', async () => {
    const { base, chain } = await makeChain(2);
    const stopping = new AbortController();
    const merging = mergeDisks({ chain, base, destination: at('merged'), signal: stopping.signal });
    stopping.abort(new Error('enough'));
    await expect(merging).rejects.toThrow('enough');
    await expect(stat(at('merged'))).rejects.toMatchObject({ code: 'ENOENT' });
    const [lowest = ''] = chain;
    const { size } = await stat(lowest);
    await expect(mergeDisks({ chain, base, destination: lowest, signal })).rejects.toMatchObject({
      code: 'EEXIST',
    });
    expect((await stat(lowest)).size).toBe(size);
  });
});

describe('flattenDisks', () => {
  /** As where the agent keeps disks: each VMM's user gets to what it may read, and lists nothing. */
  async function makeReadable(base: string, chain: readonly string[]): Promise<void> {
    await chmod(directory, 0o711);
    await chmod(base, 0o644);
    // One that a snapshot sealed, beneath those of the machine.
    await chown(chain[0] ?? '', 0, 0);
    await chmod(chain[0] ?? '', 0o444);
  }

  it('makes a sparse file of all that is read through a chain, which belongs to root alone', async () => {
    const { base, chain } = await makeChain(4);
    await makeReadable(base, chain);
    await flattenDisks({ chain, base, destination: at('flat'), reader: owner, signal });
    await qemu('qemu-img', 'compare', '-q', '-f', 'qcow2', '-F', 'raw', chain.at(-1) ?? '', at('flat'));
    const { uid, gid, mode, size, blocks } = await stat(at('flat'));
    expect({ uid, gid, mode: mode & 0o777 }).toEqual({ uid: 0, gid: 0, mode: 0o600 });
    expect(size).toBe(64 << 20);
    expect(blocks * 512).toBeLessThan(56 << 20);
  });

  it('is read with the rights of the machine whose disks they are, and leaves nothing when refused', async () => {
    const { base, chain } = await makeChain(2);
    await makeReadable(base, chain);
    // As if a machine that was taken over had named it after the names were checked.
    await chmod(base, 0o600);
    await expect(
      flattenDisks({ chain, base, destination: at('flat'), reader: owner, signal }),
    ).rejects.toThrow('Permission denied');
    await expect(stat(at('flat'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('refuses a chain in which a disk lies on another file than it should', async () => {
    const { base, chain } = await makeChain(2);
    await qemu('qemu-img', 'rebase', '-q', '-u', '-F', 'raw', '-b', '/etc/shadow', chain[1] ?? '');
    await expect(
      flattenDisks({ chain, base, destination: at('flat'), reader: owner, signal }),
    ).rejects.toThrow('lies on /etc/shadow');
  });
});

describe('finishTemplate', () => {
  it('refuses a disk that does not lie on the image that it was made of', async () => {
    const image = join(directory, 'image');
    await using file = await open(image, 'wx');
    await file.truncate(4 << 20);
    const [disk, blank] = [at('disk'), at('blank')];
    await qcow2Disks.makeTemplateDisk({ path: disk, image, owner }, signal);
    const finish = () => qcow2Disks.finishTemplate({ disk, diskInPlace: disk, blank, image }, signal);
    expect(await finish()).toEqual([blank]);
    await rm(blank);
    await qemu('qemu-img', 'rebase', '-q', '-u', '-F', 'raw', '-b', '/etc/shadow', disk);
    await expect(finish()).rejects.toMatchObject({ code: 'agent_error' });
  });
});

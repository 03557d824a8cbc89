import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DiskStacks, makeStore, parseDevices, snapshotTable } from './dm-snapshot.ts';

const never = new AbortController().signal;
const owner = { uid: 0, gid: 0 };

/**
 * Stands in for dmsetup and losetup, which need a device mapper: notes how it was called and keeps a list of devices.
 * It shows in which order things are asked for, not that the kernel does them.
 */
const fake = `#!/bin/sh
state=STATE
echo "\${0##*/} $*" >>$state/calls
case "\${0##*/} $1" in
  'losetup --find') n=$(($(cat $state/loops) + 1)); echo $n >$state/loops; echo /dev/loop9$n ;;
  'losetup --detach') ;;
  'dmsetup create')
    [ -e $state/broken ] && grep -qx "$2" $state/broken && { echo 'no such target' >&2; exit 1; }
    printf '%s\\t(253:%s)\\n' "$2" 1 >>$state/devices ;;
  'dmsetup remove') grep -v "^$3	" $state/devices >$state/rest; mv $state/rest $state/devices ;;
  'losetup --list') cat $state/listed 2>/dev/null || true ;;
  'dmsetup ls') [ -s $state/devices ] && cat $state/devices || echo 'No devices found' ;;
esac
`;

let directory: string;
let path: string | undefined;
let stacks: DiskStacks;
let name: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wrenn-stacks-'));
  await mkdir(join(directory, 'bin'));
  for (const program of ['dmsetup', 'losetup', 'chown']) {
    await writeFile(join(directory, 'bin', program), fake.replace('STATE', directory));
    await chmod(join(directory, 'bin', program), 0o755);
  }
  await writeFile(join(directory, 'loops'), '0');
  await writeFile(join(directory, 'devices'), '');
  path = process.env['PATH'];
  process.env['PATH'] = `${join(directory, 'bin')}:${path ?? ''}`;
  stacks = new DiskStacks(directory);
  name = stacks.nameOf(7);
});
afterEach(async () => {
  process.env['PATH'] = path;
  await rm(directory, { recursive: true });
});

async function disks(): Promise<{ image: string; lower: string; upper: string }> {
  const [image, lower, upper] = ['image', 'lower', 'upper'].map((each) => join(directory, each));
  if (image === undefined || lower === undefined || upper === undefined) throw new Error('no names');
  await writeFile(image, Buffer.alloc(1 << 20));
  for (const store of [lower, upper]) await makeStore(store, image, owner);
  await writeFile(lower, 'SnAp', { flag: 'r+' });
  return { image, lower, upper };
}

async function calls(): Promise<string[]> {
  return (await readFile(join(directory, 'calls'), 'utf8')).trim().split('\n');
}

describe('a stack of copy-on-write stores, with programs that stand in for the device mapper', () => {
  it('has its image and lower stores attached for reading, and only the topmost for writing', async () => {
    const { image, lower, upper } = await disks();
    // No such device was made, so it cannot be given to its owner; all is taken back.
    await expect(stacks.attach(name, [image, lower, upper], owner, never)).rejects.toMatchObject({
      code: 'ENOENT',
    });
    expect(await calls()).toEqual([
      `losetup --find --show --read-only ${image}`,
      `losetup --find --show --read-only ${lower}`,
      `dmsetup create ${name}-0 --readonly --table ${snapshotTable(2048, '/dev/loop91', '/dev/loop92')}`,
      `losetup --find --show ${upper}`,
      `dmsetup create ${name}-1 --table ${snapshotTable(2048, `/dev/mapper/${name}-0`, '/dev/loop93')}`,
      'losetup --detach /dev/loop93',
      'losetup --detach /dev/loop92',
      'losetup --detach /dev/loop91',
      `dmsetup remove --retry ${name}-1`,
      `dmsetup remove --retry ${name}-0`,
    ]);
  });

  it('leaves nothing attached when one of its devices cannot be made', async () => {
    const { image, lower, upper } = await disks();
    await writeFile(join(directory, 'broken'), `${name}-1\n`);
    await expect(stacks.attach(name, [image, lower, upper], owner, never)).rejects.toThrow('no such target');
    expect(await readFile(join(directory, 'devices'), 'utf8')).toBe('');
    const made = await calls();
    const count = (start: string) => made.filter((each) => each.startsWith(start)).length;
    expect(count('losetup --find')).toBe(count('losetup --detach'));
  });

  it('begins at the last file that is an image itself', async () => {
    const { image, lower, upper } = await disks();
    await writeFile(lower, Buffer.alloc(1 << 20, 'image'), { flag: 'w' });
    await expect(stacks.attach(name, [image, lower, upper], owner, never)).rejects.toMatchObject({
      code: 'ENOENT',
    });
    expect((await calls()).filter((each) => each.startsWith('losetup --find'))).toEqual([
      `losetup --find --show --read-only ${lower}`,
      `losetup --find --show ${upper}`,
    ]);
  });

  it('refuses a store below that was never used, whose content nobody knows', async () => {
    const { image, lower, upper } = await disks();
    await writeFile(lower, Buffer.alloc(4), { flag: 'r+' });
    await expect(stacks.attach(name, [image, lower, upper], owner, never)).rejects.toMatchObject({
      code: 'agent_error',
      message: expect.stringContaining(lower),
    });
  });

  it('has the loop devices of its own files detached at a sweep, and no others', async () => {
    const listed = [
      `/dev/loop3 ${directory}/lower`,
      '/dev/loop4 /elsewhere/lower',
      `/dev/loop5  ${directory}/a b`,
    ];
    await writeFile(join(directory, 'listed'), `${listed.join('\n')}\n`);
    await stacks.sweep(new Set(), never);
    expect((await calls()).filter((each) => each.includes('--detach'))).toEqual([
      'losetup --detach /dev/loop3',
      'losetup --detach /dev/loop5',
    ]);
  });

  it('is swept when no slot has it, from the top; what others named is left', async () => {
    const devices = [
      `${name}-0\t(253:0)`,
      `${stacks.nameOf(8)}-0\t(253:1)`,
      `${name}-1\t(253:2)`,
      'other\t(253:3)',
    ];
    await writeFile(join(directory, 'devices'), `${devices.join('\n')}\n`);
    expect(await stacks.sweep(new Set([8]), never)).toEqual([name]);
    expect((await calls()).filter((each) => each.includes('remove'))).toEqual([
      `dmsetup remove --retry ${name}-1`,
      `dmsetup remove --retry ${name}-0`,
    ]);
  });
});

describe('parseDevices', () => {
  it('has the names that dmsetup lists, and none where it says so', () => {
    expect(parseDevices('a\t(253:0)\nb-1\t(253, 1)\n')).toEqual(['a', 'b-1']);
    expect(parseDevices('No devices found\n')).toEqual([]);
  });
});

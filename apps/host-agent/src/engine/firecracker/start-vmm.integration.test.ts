import { chmod, chown, copyFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@wrenn/service';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Slot } from '../../network/slot.ts';
import { SlotPool } from '../../network/slot-pool.ts';
import type { FirecrackerBuild } from './builds.ts';
import { removeJail, startVmm } from './start-vmm.ts';

const never = new AbortController().signal;
/** Away from those of other tests. */
const range = { first: 21_640, count: 4 };

/** Says what it sees, in the place of Firecracker. Its tools are in its directory: there is nothing else in a jail. */
const standIn = `#!/tmp/fc-vm/busybox sh
cd /tmp/fc-vm
./busybox sh -c '
  echo "arguments $*"
  echo "user $(./busybox id -u):$(./busybox id -g) groups $(./busybox id -G)"
  echo "rootfs $(./busybox cat rootfs)"
  echo "runtime $(./busybox cat runtime)"
  echo changed >rootfs && echo "rootfs is writable"
  echo changed >runtime || echo "runtime is not"
  ./busybox test -r /dev/userfaultfd && echo "userfaultfd is there"
  ./busybox ip link show tap0 | ./busybox grep -q tap0 && echo "tap0 is there"
  echo "file size $(ulimit -f) descriptors $(ulimit -n)"
  ./busybox ls / | ./busybox grep -qx home && echo "the host is there"
' report "$@" >report 2>&1
`;

/**
 * A fake jailer: takes the options that the real one's documents name and refuses others, copies the program into the
 * root that it makes of the options, and changes to it with the mounts below it, as those documents say. It uses chroot
 * where the real one uses pivot_root, and makes the one device that the stand-in looks at.
 */
const fakeJailer = `#!/bin/sh
set -e
while [ $# -gt 0 ]; do
  case "$1" in
    --id) id=$2 ;; --exec-file) program=$2 ;; --uid) uid=$2 ;; --gid) gid=$2 ;;
    --netns) netns=$2 ;; --chroot-base-dir) base=$(realpath "$2") ;; --resource-limit) limits="$limits $2" ;;
    --) shift; break ;;
    *) echo "unknown argument $1" >&2; exit 1 ;;
  esac
  shift 2
done
case "$id" in *[!A-Za-z0-9-]*) echo "odd id" >&2; exit 1 ;; esac
root=$base/\${program##*/}/$id/root
mkdir -p "$root/dev"
cp "$program" "$root/"
[ ! -c /dev/userfaultfd ] || mknod -m 600 "$root/dev/userfaultfd" c 10 $((0x$(stat -c %T /dev/userfaultfd)))
chown -R "$uid:$gid" "$root/dev"
chown "$uid:$gid" "$root"
for limit in $limits; do
  case "$limit" in fsize=*) fsize=\${limit#*=} ;; no-file=*) files=\${limit#*=} ;; *) echo "odd $limit" >&2; exit 1 ;; esac
done
exec unshare --mount --propagation slave sh -c 'mount --rbind "$1" "$1"; shift; exec "$@"' sh "$root" \\
  nsenter --net="$netns" -- prlimit --fsize="$fsize" --nofile="$files" -- \\
  chroot --userspec="$uid:$gid" --groups= "$root" "/\${program##*/}" --id "$id" "$@"
`;

let slots: SlotPool;
let slot: Slot;
let directory: string;
beforeAll(async () => {
  slots = await SlotPool.open({ range, ready: 0, log: createLogger('test', 'silent'), signal: never });
  await slots.sweep(new Set());
  slot = await slots.acquire(never);
  directory = await mkdtemp(join(tmpdir(), 'start-vmm-'));
  await chmod(directory, 0o755);
});
afterAll(async () => {
  await slots.release(slot);
  await slots.close();
  await rm(directory, { recursive: true });
});

async function place(): Promise<string> {
  const own = await mkdtemp(join(directory, 'machine-'));
  onTestFinished(() => rm(own, { recursive: true, force: true }));
  await chown(own, slot.uid, slot.gid);
  await copyFile('/usr/bin/busybox', join(own, 'busybox'));
  await chmod(join(own, 'busybox'), 0o755);
  return own;
}

async function build(jailer: string | undefined): Promise<FirecrackerBuild> {
  const folder = join(directory, 'build');
  await mkdir(folder, { recursive: true });
  const program = join(folder, 'firecracker');
  await writeFile(program, standIn, { mode: 0o755 });
  if (jailer !== undefined) await writeFile(join(folder, 'jailer'), jailer, { mode: 0o755 });
  const version = { major: 1, minor: 16, patch: 2 };
  return { id: 'test', version, program, jailer: jailer && join(folder, 'jailer') };
}

/** Starts the stand-in and returns what it saw. */
async function report(
  jailer: string | undefined,
): Promise<{ readonly said: string; readonly rootfs: string }> {
  const own = await place();
  const [rootfs, runtime] = [`${own}-rootfs`, `${own}-runtime`];
  // In the place of a cgroup's file: it joins before it is confined.
  const group = `${own}-cgroup`;
  for (const path of [rootfs, runtime]) await writeFile(path, path === rootfs ? 'a disk' : 'a drive');
  await chown(rootfs, slot.uid, slot.gid);
  onTestFinished(async () => {
    for (const path of [rootfs, runtime, group]) await rm(path);
  });
  const vmm = await startVmm({
    spec: { directory: own, slot, cgroup: { name: 'test', procsFiles: [group] } },
    build: await build(jailer),
    files: [
      { name: 'rootfs', from: rootfs, access: 'write' },
      { name: 'runtime', from: runtime, access: 'read' },
    ],
    largestFileBytes: 1 << 30,
    jails: join(directory, 'jails'),
  });
  await vmm.exited;
  expect(await readFile(group, 'utf8')).toBe(`${vmm.pid}\n`);
  const said = await readFile(join(own, 'report'), 'utf8').catch(async (cause: unknown) => {
    throw new Error(`it left no report: ${await readFile(join(own, 'vmm.log'), 'utf8')}`, { cause });
  });
  return { said, rootfs: await readFile(rootfs, 'utf8') };
}

describe.each([
  ['without a jailer', undefined],
  ['by a fake jailer', fakeJailer],
] as const)('a VMM that is started %s', (_, jailer) => {
  it('is its slot’s user in its slot’s network, sees its files at the same place, and writes what it may', async () => {
    const mounts = await readFile('/proc/self/mounts', 'utf8');
    const { said, rootfs } = await report(jailer);
    expect(said).toContain(`user ${slot.uid}:${slot.gid} groups ${slot.gid}\n`);
    expect(said).toContain('arguments --id slot-21641 --api-sock /tmp/fc-vm/api.sock');
    expect(said).toContain('rootfs a disk\nruntime a drive\n');
    expect(said).toContain('rootfs is writable');
    expect(said).toContain('runtime is not');
    expect(said).toContain('userfaultfd is there');
    expect(said).toContain('tap0 is there');
    expect(said).toContain('descriptors 2048\n');
    // In blocks of 512 bytes.
    expect(said).toContain(`file size ${2 ** 21} descriptors`);
    expect(said.includes('the host is there')).toBe(jailer === undefined);
    expect(rootfs).toBe('changed\n');
    expect(await readFile('/proc/self/mounts', 'utf8')).toBe(mounts);
  });
});

it('a jail is made anew, and is gone when it is removed', async () => {
  const jails = join(directory, 'jails');
  const stale = join(jails, 'firecracker/slot-21641/root/stale');
  await mkdir(join(jails, 'firecracker/slot-21641/root'), { recursive: true });
  await writeFile(stale, '');
  await report(fakeJailer);
  await expect(stat(stale)).rejects.toMatchObject({ code: 'ENOENT' });
  await removeJail(jails, 'slot-21641');
  await expect(stat(join(jails, 'firecracker/slot-21641'))).rejects.toMatchObject({ code: 'ENOENT' });
});

import { constants } from 'node:fs';
import { mkdtemp, open, rm, statfs } from 'node:fs/promises';
import { arch, platform, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { systemCode } from '@wrenn/core';
import { type Check, fail, ok, warn } from './check.ts';

const gibibyte = 1024 ** 3;
/** What building the images takes at its peak, with some room. */
const neededBytes = 4 * gibibyte;
/** What capsules' overlays and snapshots should find. */
const comfortableBytes = 16 * gibibyte;

export const platformCheck: Check = {
  id: 'platform',
  async examine() {
    const found = `${platform()} on ${arch()}`;
    return found === 'linux on x64' ? ok(found) : fail(`${found} is not supported`, 'use Linux on x86-64');
  },
};

export const rootCheck: Check = {
  id: 'root',
  async examine() {
    return process.getuid?.() === 0
      ? ok('running as root')
      : fail('not running as root, which network namespaces and virtual machines need', 'run as root');
  },
};

export const tunCheck: Check = {
  id: 'tun',
  async examine() {
    try {
      await (await open('/dev/net/tun', constants.O_RDWR)).close();
      return ok('/dev/net/tun opens');
    } catch (thrown) {
      switch (systemCode(thrown)) {
        case 'ENOENT':
          return fail('there is no /dev/net/tun', 'mkdir -p /dev/net && mknod /dev/net/tun c 10 200');
        case 'ENODEV':
        case 'ENXIO':
          return fail('the kernel has no TUN driver', 'modprobe tun');
        case 'EACCES':
        case 'EPERM':
          return fail('/dev/net/tun may not be opened', 'run as root; in a container, allow the device');
        default:
          throw thrown;
      }
    }
  },
};

export const temporaryFilesCheck: Check = {
  id: 'temporary-files',
  async examine() {
    try {
      await rm(await mkdtemp(join(tmpdir(), 'wrenn-check-')), { recursive: true });
      return ok(`${tmpdir()} is writable`);
    } catch (thrown) {
      const code = systemCode(thrown);
      if (code === undefined) throw thrown;
      return fail(
        `${tmpdir()} is not writable (${code})`,
        `free or repair ${tmpdir()}, or set TMPDIR to another directory`,
      );
    }
  },
};

export const diskCheck: Check = {
  id: 'disk-space',
  async examine({ cacheDirectory }) {
    const freeBytes = await freeSpace(cacheDirectory);
    const found = `${(freeBytes / gibibyte).toFixed(1)} GiB are free for ${cacheDirectory}`;
    if (freeBytes < neededBytes) {
      return fail(`${found}, images need 4 GiB`, 'free disk space, or set WRENN_CACHE_DIR to another disk');
    }
    if (freeBytes < comfortableBytes) return warn(found, 'keep 16 GiB free for the disks of capsules');
    return ok(found);
  },
};

/** Of the file system that the path is on, or will be on once it is made. */
async function freeSpace(path: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch (thrown) {
    if (systemCode(thrown) !== 'ENOENT' || path === dirname(path)) throw thrown;
    return await freeSpace(dirname(path));
  }
}

import { lstat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCode } from '@wrenn/core';
import { probeDiskMethod, tellsHolesExactly } from '../disks/raw/probe.ts';
import { type FoundBuilds, findBuilds, oldestVersion, textOf } from '../engine/firecracker/builds.ts';
import { writableByOthers } from '../files/writable-by-others.ts';
import { type Check, type CheckConfig, type Finding, fail, ok, warn } from './check.ts';
import { kvmOf } from './images-check.ts';

export const firecrackerCheck: Check = {
  id: 'firecracker',
  async examine(context) {
    const builds = await findBuilds(context.firecrackerDirectory, context.signal);
    if (context.engine === 'qemu') return ok(`not used: WRENN_ENGINE is qemu; ${describeBuilds(builds)}`);
    switch (await kvmOf(context)) {
      case 'usable':
        return judgeBuilds(builds, context);
      case 'unknown':
        return warn(
          `not known whether KVM runs it; ${describeBuilds(builds)}`,
          'run npm start, then this again',
        );
      case 'unusable':
        return context.engine === 'firecracker'
          ? fail('WRENN_ENGINE is firecracker, which needs KVM', 'set WRENN_ENGINE to auto')
          : ok(`not used: no KVM; ${describeBuilds(builds)}`);
    }
  },
};

/** What the builds that were found mean for a machine that can run them. */
export function judgeBuilds(
  { usable, unusable }: FoundBuilds,
  { engine, firecrackerDirectory }: Pick<CheckConfig, 'engine' | 'firecrackerDirectory'>,
): Finding {
  const found = describeBuilds({ usable, unusable });
  const newest = usable.at(-1);
  if (newest === undefined) {
    const remedy = `put firecracker and jailer ${textOf(oldestVersion)} or newer, of root's and writable by nobody else, into a folder in ${firecrackerDirectory}`;
    return engine === 'firecracker' ? fail(found, remedy) : warn(`${found}: QEMU runs capsules`, remedy);
  }
  if (unusable.length > 0) return warn(found, 'mend or remove what is not used');
  if (newest.jailer !== undefined) return ok(found);
  return warn(
    `${found}: new machines are confined without a jailer`,
    `put the jailer of ${textOf(newest.version)} beside ${newest.program}`,
  );
}

function describeBuilds({ usable, unusable }: FoundBuilds): string {
  const known = usable.map(
    ({ version, jailer }) => `${textOf(version)}${jailer === undefined ? ' without jailer' : ' with jailer'}`,
  );
  return [
    known.length === 0 ? 'no usable build' : `builds ${known.join(', ')}`,
    ...unusable.map(({ directory, why }) => `${directory} is not used: ${why}`),
  ].join('; ');
}

/** Also of jails, which a jailer fills as root. */
export const directoryCheck: Check = {
  id: 'directory',
  async examine({ directory }) {
    const path = await writableByOthers(join(directory, 'jails'));
    if (path !== undefined) {
      return warn(
        `others than root can write to ${path}, and so replace what lies in ${directory}`,
        `chown root ${path} && chmod go-w ${path}`,
      );
    }
    return ok(`only root can write to ${directory}`);
  },
};

export const rawDisksCheck: Check = {
  id: 'raw-disks',
  async examine(context) {
    const { directory, signal } = context;
    const tried = await nearest(directory);
    if (!(await tellsHolesExactly(tried))) {
      return warn(
        `the file system of ${directory} does not tell holes of one page: Firecracker cannot be used`,
        'set WRENN_DIR to a folder on ext4, XFS or btrfs with blocks of 4 KiB',
      );
    }
    const { method, rejected } = await probeDiskMethod(tried, signal);
    const why = rejected.map((each) => `no ${each.method}: ${each.why}`);
    const found = [`disks for Firecracker are made by ${method}`, ...why].join('; ');
    // Without KVM QEMU runs capsules, whose disks are overlays.
    if (method !== 'sparse_copy' || (await kvmOf(context)) !== 'usable') return ok(found);
    return warn(
      found,
      'have WRENN_DIR on XFS with reflink or on btrfs: each new capsule is a copy otherwise',
    );
  },
};

/** Before the first start it is not there, and what is above it is on the same file system. */
async function nearest(path: string): Promise<string> {
  try {
    await lstat(path);
    return path;
  } catch (thrown) {
    if (systemCode(thrown) !== 'ENOENT') throw thrown;
    return await nearest(dirname(path));
  }
}

import { constants } from 'node:fs';
import { access, readFile, writeFile } from 'node:fs/promises';
import { systemCode } from '@wrenn/core';

/** The controllers that bound a virtual machine. */
export const controllers = ['cpu', 'memory', 'pids'] as const;
export type Controller = (typeof controllers)[number];

/** A place where directories are cgroups, and the controllers that work there. */
export interface Hierarchy {
  /** The mount point; directories are made below it. */
  readonly root: string;
  readonly controllers: readonly Controller[];
}

/** What this machine offers: v2 only when it has all controllers, v1 with those that are mounted, or nothing. */
export type CgroupSupport =
  | { readonly version: 2; readonly hierarchies: readonly [Hierarchy] }
  | {
      readonly version: 1;
      readonly hierarchies: readonly Hierarchy[];
      readonly missing: readonly Controller[];
    }
  | { readonly version: 'none'; readonly reason: string };

/** One cgroup mount, as /proc/self/mountinfo tells it. */
export interface CgroupMount {
  readonly version: 1 | 2;
  readonly root: string;
  /** Of v1 the names in the mount's options; v2 says them in a file. */
  readonly controllers: readonly Controller[];
}

export function parseCgroupMounts(mountinfo: string): CgroupMount[] {
  return mountinfo.split('\n').flatMap((line): CgroupMount[] => {
    const [mount, filesystem] = line.split(' - ');
    const root = mount?.split(' ')[4];
    const [type, , options] = filesystem?.split(' ') ?? [];
    if (root === undefined || (type !== 'cgroup' && type !== 'cgroup2')) return [];
    const path = root.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    return [
      { version: type === 'cgroup2' ? 2 : 1, root: path, controllers: known(options?.split(',') ?? []) },
    ];
  });
}

export async function detectSupport(): Promise<CgroupSupport> {
  const mounts = parseCgroupMounts(await readFile('/proc/self/mountinfo', 'utf8'));
  for (const { version, root } of mounts) {
    if (version !== 2) continue;
    const available = known((await readFile(`${root}/cgroup.controllers`, 'utf8')).trim().split(' '));
    if (available.length === controllers.length && (await isWritable(root)) && (await canHandDown(root))) {
      return { version: 2, hierarchies: [{ root, controllers: available }] };
    }
  }
  return await detectV1(mounts);
}

async function detectV1(mounts: readonly CgroupMount[]): Promise<CgroupSupport> {
  const hierarchies: Hierarchy[] = [];
  for (const mount of mounts) {
    // The same hierarchy may be mounted in several places.
    const fresh = mount.controllers.filter(
      (name) => !hierarchies.some((other) => other.controllers.includes(name)),
    );
    if (mount.version === 1 && fresh.length > 0 && (await isWritable(mount.root))) {
      hierarchies.push({ root: mount.root, controllers: fresh });
    }
  }
  if (hierarchies.length === 0) {
    return {
      version: 'none',
      reason: 'no writable cgroup hierarchy has the controllers cpu, memory and pids',
    };
  }
  const present = hierarchies.flatMap((hierarchy) => hierarchy.controllers);
  return { version: 1, hierarchies, missing: controllers.filter((name) => !present.includes(name)) };
}

/** In v2 a controller works in a directory only when every directory above has handed it down. */
export async function handDown(directory: string, names: readonly Controller[]): Promise<void> {
  const file = `${directory}/cgroup.subtree_control`;
  const already = known((await readFile(file, 'utf8')).trim().split(' '));
  const missing = names.filter((name) => !already.includes(name));
  if (missing.length > 0) await writeFile(file, missing.map((name) => `+${name}`).join(' '));
}

/** Inside a container the root may hold processes, and then hands nothing down. */
async function canHandDown(root: string): Promise<boolean> {
  try {
    await handDown(root, controllers);
    return true;
  } catch (thrown) {
    const code = systemCode(thrown);
    if (code === 'EBUSY' || code === 'ENOENT' || code === 'EACCES' || code === 'EROFS') return false;
    throw thrown;
  }
}

function known(names: readonly string[]): Controller[] {
  return controllers.filter((name) => names.includes(name));
}

async function isWritable(path: string): Promise<boolean> {
  try {
    await access(path, constants.W_OK);
    return true;
  } catch (thrown) {
    const code = systemCode(thrown);
    if (code === 'EROFS' || code === 'EACCES') return false;
    throw thrown;
  }
}

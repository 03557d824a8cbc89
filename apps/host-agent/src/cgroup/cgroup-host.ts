import { access, mkdir, readdir, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { namePattern, systemCode, WrennError } from '@wrenn/core';
import type { Cgroup, CgroupLimits } from './cgroup.ts';
import { type CpuShareFile, cpuShareFile } from './cpu-share.ts';
import { type CgroupSupport, detectSupport, type Hierarchy, handDown } from './hierarchies.ts';
import { limitFiles } from './limit-files.ts';
import { removeCgroup } from './remove-cgroup.ts';

/**
 * The cgroups of one agent: a directory for each virtual machine, below `wrenn-INSTANCE` in each hierarchy. On a
 * machine without usable cgroups all calls succeed and bound nothing; `describe` says so.
 */
export class CgroupHost {
  readonly #support: CgroupSupport;
  readonly #folder: string;

  private constructor(instance: string, support: CgroupSupport) {
    this.#folder = `wrenn-${checkedName(instance)}`;
    this.#support = support;
  }

  /** `instance` tells the agents of a machine apart. */
  static async detect(instance: string): Promise<CgroupHost> {
    return new CgroupHost(instance, await detectSupport());
  }

  /** One sentence for people. */
  describe(): string {
    switch (this.#support.version) {
      case 2:
        return 'cgroup v2 bounds cpu, memory and processes';
      case 1: {
        const { hierarchies, missing } = this.#support;
        const present = hierarchies.flatMap((hierarchy) => hierarchy.controllers).join(', ');
        return `cgroup v1 bounds ${present}${missing.length === 0 ? '' : `; not mounted: ${missing.join(', ')}`}`;
      }
      case 'none':
        return `virtual machines are not bounded: ${this.#support.reason}`;
    }
  }

  /** What there is to work with, for checks. */
  get support(): CgroupSupport {
    return this.#support;
  }

  /** `conflict` when there is one of that name; after a fault nothing of it is left. */
  async create(name: string, limits: CgroupLimits): Promise<Cgroup> {
    checkedName(name);
    const made: string[] = [];
    try {
      for (const hierarchy of this.#hierarchies()) {
        const directory = join(await this.#parent(hierarchy), name);
        await mkdir(directory);
        made.push(directory);
        await this.#limit(hierarchy, directory, limits);
      }
    } catch (cause) {
      for (const directory of made.reverse()) await rmdir(directory);
      const code = systemCode(cause) === 'EEXIST' ? 'conflict' : 'agent_error';
      throw new WrennError(code, `making cgroup ${name}`, { cause });
    }
    return this.existing(name);
  }

  /** The cgroup of a machine that outlived the agent; whether its directories are still there is not looked at. */
  existing(name: string): Cgroup {
    const procsFiles = this.#directories(checkedName(name)).map((directory) =>
      join(directory, 'cgroup.procs'),
    );
    return { name, procsFiles, cpuShare: this.#cpuShare(name) };
  }

  /** Kills what still runs in it, and removes it; does nothing when it is gone already. */
  async remove(name: string): Promise<void> {
    for (const directory of this.#directories(checkedName(name))) await removeCgroup(directory);
  }

  /** Removes, with their processes, all that `owned` does not name; returns their names. */
  async sweep(owned: ReadonlySet<string>): Promise<string[]> {
    const names = new Set<string>();
    for (const { root } of this.#hierarchies()) {
      for (const name of await subdirectories(join(root, this.#folder))) names.add(name);
    }
    const orphans = [...names].filter((name) => !owned.has(name));
    for (const name of orphans) await this.remove(name);
    return orphans;
  }

  /** Removes the agent's own directories; those that still hold a machine stay. */
  async close(): Promise<void> {
    for (const { root } of this.#hierarchies()) {
      try {
        await rmdir(join(root, this.#folder));
      } catch (thrown) {
        if (!['ENOENT', 'EBUSY', 'ENOTEMPTY'].includes(systemCode(thrown) ?? '')) throw thrown;
      }
    }
  }

  /** The agent's own directories that are there. */
  async present(): Promise<string[]> {
    const folders = this.#hierarchies().map(({ root }) => join(root, this.#folder));
    const found = await Promise.all(folders.map(exists));
    return folders.filter((_, index) => found[index]);
  }

  #cpuShare(name: string): CpuShareFile | undefined {
    if (this.#support.version === 'none') return undefined;
    const { version, hierarchies } = this.#support;
    const hierarchy = hierarchies.find(({ controllers }) => controllers.includes('cpu'));
    return hierarchy && cpuShareFile(version, join(hierarchy.root, this.#folder, name));
  }

  #hierarchies(): readonly Hierarchy[] {
    return this.#support.version === 'none' ? [] : this.#support.hierarchies;
  }

  #directories(name: string): string[] {
    return this.#hierarchies().map(({ root }) => join(root, this.#folder, name));
  }

  /** The agent's own directory; in v2 its controllers must be handed down again, as the root's were when detected. */
  async #parent({ root, controllers }: Hierarchy): Promise<string> {
    const parent = join(root, this.#folder);
    await mkdir(parent, { recursive: true });
    if (this.#support.version === 2) await handDown(parent, controllers);
    return parent;
  }

  async #limit({ controllers }: Hierarchy, directory: string, limits: CgroupLimits): Promise<void> {
    const version = this.#support.version === 2 ? 2 : 1;
    for (const controller of controllers) {
      for (const { file, value, necessity } of limitFiles(version, controller, limits)) {
        try {
          // Files of a cgroup are there or not; the flag keeps a missing one from being made.
          await writeFile(join(directory, file), value, { flag: 'r+' });
        } catch (thrown) {
          if (necessity === 'required' || systemCode(thrown) !== 'ENOENT') throw thrown;
        }
      }
    }
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return false;
    throw thrown;
  }
}

async function subdirectories(path: string): Promise<string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return [];
    throw thrown;
  }
}

/** Names become directories, so nothing that could lead elsewhere gets in. */
function checkedName(name: string): string {
  if (!namePattern.test(name)) throw new WrennError('invalid_request', `"${name}" cannot name a cgroup`);
  return name;
}

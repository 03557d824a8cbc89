import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** What Wrenn takes of a machine, as sorted names: two of these are equal when nothing was left behind. */
export interface MachineState {
  readonly namespaces: readonly string[];
  readonly links: readonly string[];
  readonly nftTables: readonly string[];
  readonly routes: readonly string[];
  readonly cgroups: readonly string[];
  /** PIDs of virtual machine monitors. */
  readonly monitors: readonly string[];
}

/** Looks at the whole machine, not only at what one installation should own. */
export async function machineState(): Promise<MachineState> {
  const [namespaces, links, nftTables, routes] = await Promise.all([
    lines('ip', ['netns', 'list']),
    lines('ip', ['-brief', 'link']),
    lines('nft', ['list', 'tables']),
    lines('ip', ['route', 'show', 'table', 'all']),
  ]);
  return {
    namespaces: firstWords(namespaces),
    links: firstWords(links).map((name) => name.replace(/@.*/, '')),
    nftTables,
    routes: routes.filter((route) => route.includes('wrenn')),
    cgroups: await wrennCgroups(),
    monitors: await monitorPids(),
  };
}

/**
 * PIDs of every QEMU that runs on this machine. One that has ended and waits for a parent to ask is not counted: where
 * the machine is a container, the parent of orphans may never do.
 */
async function monitorPids(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')));
  return pids.filter((_pid, index) => /^\d+ \(qemu-system[^)]*\) [^Z]/.test(stats[index] ?? '')).sort();
}

async function wrennCgroups(): Promise<string[]> {
  const found: string[] = [];
  for (const hierarchy of ['', ...(await subdirectories('/sys/fs/cgroup'))]) {
    const root = join('/sys/fs/cgroup', hierarchy);
    for (const name of await subdirectories(root)) {
      if (!name.startsWith('wrenn-')) continue;
      found.push(join(hierarchy, name));
      for (const capsule of await subdirectories(join(root, name)))
        found.push(join(hierarchy, name, capsule));
    }
  }
  return found.sort();
}

async function subdirectories(path: string): Promise<string[]> {
  if (!existsSync(path)) return [];
  const entries = await readdir(path, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

async function lines(program: string, args: readonly string[]): Promise<string[]> {
  const { stdout } = await execute(program, args, { timeout: 20_000 });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .sort();
}

function firstWords(list: readonly string[]): string[] {
  return list.map((line) => line.split(/\s/)[0] ?? '');
}

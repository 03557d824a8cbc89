import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { machineState } from '../../tests/support/machine-state.ts';
import { oneFailed, onePassed, type Tally } from './tally.ts';

/** What is on this machine by kind, as names that stay the same while a thing lives. */
export type Inventory = Readonly<Record<string, readonly string[]>>;

/** Everything that tests could leave behind. */
export async function takeInventory(): Promise<Inventory> {
  const temporary = await Promise.all(['/var/tmp', tmpdir()].map(entriesOf));
  return {
    ...(await machineState()),
    'database servers': await databaseServers(),
    'temporary files': temporary.flat(),
  };
}

/** A test of its own: that nothing is there after the run that was not there before. */
export function compareInventories(before: Inventory, after: Inventory): { tally: Tally; lines: string[] } {
  const lines = Object.entries(after).flatMap(([kind, names]) => {
    const known = new Set(before[kind]);
    const added = names.filter((name) => !known.has(name));
    return added.length === 0 ? [] : [`${kind}: ${added.join(', ')}`];
  });
  return {
    tally: lines.length === 0 ? onePassed() : oneFailed('nothing is left behind', lines.join('\n')),
    lines,
  };
}

async function entriesOf(directory: string): Promise<string[]> {
  const names = await readdir(directory);
  return names.filter((name) => name.startsWith('wrenn-')).map((name) => `${directory}/${name}`);
}

async function databaseServers(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const names = await Promise.all(pids.map(commandOf));
  return pids.filter((_pid, index) => names[index] === 'postgres').map((pid) => `pid ${pid}`);
}

/** Undefined for a process that has ended, also when nobody has asked for its exit code: in a container nobody may. */
async function commandOf(pid: string): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const [, name, state] = /^\d+ \((.*)\) (\S)/s.exec(stat) ?? [];
  return state === 'Z' ? undefined : name;
}

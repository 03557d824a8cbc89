import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '@wrenn/core';
import { removeJail } from './start-vmm.ts';

/** Removes the jails of machines in other slots than these: an agent that was killed left them. Returns their paths. */
export async function sweepJails(jails: string, slots: ReadonlySet<number>): Promise<string[]> {
  const removed: string[] = [];
  for (const name of await namesIn(join(jails, 'firecracker'))) {
    const slot = /^slot-(\d+)$/.exec(name)?.[1];
    if (slot !== undefined && slots.has(Number(slot))) continue;
    await removeJail(jails, name);
    removed.push(join(jails, 'firecracker', name));
  }
  return removed;
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return [];
    throw thrown;
  }
}

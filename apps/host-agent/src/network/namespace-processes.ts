import { readdir, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { deadline, systemCode, until } from '@wrenn/core';
import { sendKill } from '../process/process-identity.ts';
import { namespaceFolder } from './inventory.ts';

const killDeadlineMs = 5_000;

/**
 * Kills what still runs in a namespace that has no owner, and returns when it is gone. Only a VMM can be there,
 * whose agent died between starting it and recording it: nobody else enters a slot's namespace.
 */
export async function killInNamespace(namespace: string): Promise<number> {
  using limit = deadline(killDeadlineMs, `ending the processes in ${namespace}`);
  const killed = new Set<number>();
  await until(
    async () => {
      const running = await processesIn(namespace);
      for (const pid of running) {
        killed.add(pid);
        sendKill(pid);
      }
      return running.length === 0 ? true : undefined;
    },
    20,
    limit,
  );
  return killed.size;
}

async function processesIn(namespace: string): Promise<number[]> {
  const inode = await unlessHidden(stat(join(namespaceFolder, namespace)));
  if (inode === undefined) return [];
  const wanted = `net:[${inode.ino}]`;
  const found: number[] = [];
  for (const entry of await readdir('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    if ((await unlessHidden(readlink(`/proc/${pid}/ns/net`))) === wanted) found.push(pid);
  }
  return found;
}

/**
 * A process may end, and a namespace be removed, while they are looked at. One of a sandbox around this machine may
 * refuse even root; it cannot be ours.
 */
async function unlessHidden<T>(look: Promise<T>): Promise<T | undefined> {
  try {
    return await look;
  } catch (thrown) {
    const code = systemCode(thrown);
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES') return undefined;
    throw thrown;
  }
}

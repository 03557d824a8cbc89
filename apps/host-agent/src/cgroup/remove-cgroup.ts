import { readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deadline, systemCode, until } from '@wrenn/core';
import { sendKill } from '../process/process-identity.ts';

/** A process that was killed leaves its cgroup only when its memory has been freed: seconds for a large machine. */
const removeDeadlineMs = 10_000;

/** Removes one directory; what runs in it is killed, again and again until it is empty. */
export async function removeCgroup(directory: string): Promise<void> {
  using limit = deadline(removeDeadlineMs, `removing cgroup ${directory}`);
  await until(
    async () => {
      if (await removedNow(directory)) return true;
      await killAll(directory);
      return undefined;
    },
    10,
    limit,
  );
}

async function removedNow(directory: string): Promise<boolean> {
  try {
    await rmdir(directory);
    return true;
  } catch (thrown) {
    const code = systemCode(thrown);
    if (code === 'ENOENT') return true;
    if (code === 'EBUSY') return false;
    throw thrown;
  }
}

/** v2 kills a cgroup as a whole; in v1 the list is read and each is killed, which a fork can outrun for one round. */
async function killAll(directory: string): Promise<void> {
  if (await killAtOnce(directory)) return;
  for (const line of (await procs(directory)).split('\n')) {
    const pid = Number(line);
    // 0 stands for a process of another PID namespace, and sendKill(0) would mean ourselves.
    if (pid > 0) sendKill(pid);
  }
}

async function killAtOnce(directory: string): Promise<boolean> {
  try {
    await writeFile(join(directory, 'cgroup.kill'), '1', { flag: 'r+' });
    return true;
  } catch (thrown) {
    // v1, a v2 older than Linux 5.14, or gone meanwhile.
    if (systemCode(thrown) === 'ENOENT') return false;
    throw thrown;
  }
}

async function procs(directory: string): Promise<string> {
  try {
    return await readFile(join(directory, 'cgroup.procs'), 'utf8');
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return '';
    throw thrown;
  }
}

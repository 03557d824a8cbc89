import { readdir, readFile, readlink, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { deadline, systemCode, until } from '@wrenn/core';
import type { Layout } from './layout.ts';

/**
 * Ends what an earlier start left behind: a server whose supervisor was killed, or, when the server itself was
 * killed, its last workers, which hold shared memory that a new server refuses to share. Only processes are
 * signalled that run `postgres` inside this data directory; the PID file alone proves nothing, since the PID may
 * belong to another program by now.
 */
export async function endLeftover(
  layout: Layout,
  note: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const file = join(layout.data, 'postmaster.pid');
  const pid = await readPid(file);
  if (pid === undefined) return;
  if (await isOurs(pid, layout)) {
    note(`stopping the PostgreSQL that an earlier run left (pid ${pid})`);
    process.kill(pid, 'SIGINT');
  }
  using limit = deadline(30_000, 'waiting for an earlier PostgreSQL to end', signal);
  await until(async () => ((await ours(layout)).length === 0 ? true : undefined), 20, limit);
  await rm(file, { force: true });
}

async function readPid(file: string): Promise<number | undefined> {
  try {
    const pid = Number((await readFile(file, 'utf8')).split('\n', 1)[0]);
    return Number.isSafeInteger(pid) && pid > 1 ? pid : 0;
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

async function ours(layout: Layout): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const verdicts = await Promise.all(pids.map((pid) => isOurs(pid, layout)));
  return pids.filter((_, index) => verdicts[index]);
}

async function isOurs(pid: number, layout: Layout): Promise<boolean> {
  try {
    const [program, folder] = await Promise.all([readlink(`/proc/${pid}/exe`), readlink(`/proc/${pid}/cwd`)]);
    // After an upgrade the running program's file may be deleted; the kernel then appends a word to its name.
    return basename(program).split(' ')[0] === 'postgres' && folder === layout.data;
  } catch (thrown) {
    const code = systemCode(thrown);
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES') return false;
    throw thrown;
  }
}

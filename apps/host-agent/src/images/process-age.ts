import { readFile } from 'node:fs/promises';
import { systemCode } from '@wrenn/core';

/**
 * When the process started, in clock ticks since boot as /proc says it; undefined when there is none. Together with
 * the PID it names one process for good, since PIDs are given out again.
 */
export async function startTicks(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
    // The second field is the program's name in parentheses, which may hold spaces and parentheses itself.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT' || systemCode(thrown) === 'ESRCH') return undefined;
    throw thrown;
  }
}

export async function ownStartTicks(): Promise<string> {
  const ticks = await startTicks(process.pid);
  if (ticks === undefined) throw new Error('this process is not in /proc');
  return ticks;
}

import { readFile } from 'node:fs/promises';
import { deadline, systemCode, until } from '@wrenn/core';

/** Names one process for good: a PID alone is given to another one later. */
export interface ProcessIdentity {
  readonly pid: number;
  /** In clock ticks since boot. */
  readonly startTicks: number;
}

/** A process that was killed is gone within this time, or something is wrong with the host. */
const killDeadlineMs = 10_000;

/** When the process began (field 22 of /proc/PID/stat); undefined when there is none, or only its exit code is left. */
export async function startTicksOf(pid: number): Promise<number | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
    // The second field is the program's name in parentheses and may contain anything, so count from its end.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : Number(fields[19]);
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT' || systemCode(thrown) === 'ESRCH') return undefined;
    throw thrown;
  }
}

export async function isRunning({ pid, startTicks }: ProcessIdentity): Promise<boolean> {
  return (await startTicksOf(pid)) === startTicks;
}

/** Ends the process without asking it, and returns when it is gone. */
export async function killProcess(identity: ProcessIdentity): Promise<void> {
  if (!(await isRunning(identity))) return;
  sendKill(identity.pid);
  using limit = deadline(killDeadlineMs, `killing process ${identity.pid}`);
  await until(async () => ((await isRunning(identity)) ? undefined : true), 5, limit);
}

/** Sends SIGKILL; that the process has just ended is no fault. */
export function sendKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (thrown) {
    if (systemCode(thrown) !== 'ESRCH') throw thrown;
  }
}

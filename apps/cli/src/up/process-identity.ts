import { readFile } from 'node:fs/promises';
import { systemCode } from '@wrenn/core';

/** A PID alone proves nothing after a while: together with its start time it names one process. */
export interface ProcessIdentity {
  readonly pid: number;
  /** In clock ticks since the machine booted, as the kernel counts. */
  readonly startTicks: string;
}

/** The process that has `pid` now, or undefined when there is none. Zombies count as gone. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The command's name stands in brackets and may contain both blanks and brackets.
    const [state, ...fields] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const startTicks = fields[18];
    return state === 'Z' || startTicks === undefined ? undefined : { pid, startTicks };
  } catch (thrown) {
    const code = systemCode(thrown);
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw thrown;
  }
}

export async function isRunning(identity: ProcessIdentity): Promise<boolean> {
  return (await identify(identity.pid))?.startTicks === identity.startTicks;
}

import { readdirSync, readFileSync } from 'node:fs';
import { systemCode } from '@wrenn/core';

/** Signals every process of a group, with 0 none. False when there is no such group. */
export function signalGroup(group: number, signal: 'SIGKILL' | 0): boolean {
  try {
    return process.kill(-group, signal);
  } catch (thrown) {
    if (systemCode(thrown) === 'ESRCH') return false;
    throw thrown;
  }
}

/** Whether a process of the group runs. Those that have ended and that nobody has waited for yet hold nothing. */
export function isGroupAlive(group: number): boolean {
  if (!signalGroup(group, 0)) return false;
  return readdirSync('/proc').some((name) => /^\d+$/.test(name) && isAliveIn(group, statOf(name)));
}

/** In the text of /proc/PID/stat state, parent and group come after the name, which may contain anything. */
function isAliveIn(group: number, stat: string): boolean {
  const [state = '', , own] = stat.slice(stat.lastIndexOf(')') + 2).split(' ', 3);
  return Number(own) === group && !'ZX'.includes(state);
}

function statOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch (thrown) {
    // It has ended since it was listed.
    if (systemCode(thrown) === 'ENOENT' || systemCode(thrown) === 'ESRCH') return '';
    throw thrown;
  }
}

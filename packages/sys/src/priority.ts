import { setPriority } from 'node:os';
import { checked, nativeFunction } from './libc.ts';

// SAFETY: integers, and the address of one 32-bit int, struct sched_param, that is referenced until the call returns.
const setScheduler = nativeFunction('int sched_setscheduler(int pid, int policy, const void *param)');
/** SCHED_OTHER, and for what the process forks its niceness as well: the same on x86-64 and arm64. */
const ordinaryAndAnewOnFork = 0 | 0x40000000;

/**
 * Puts a process before others by a niceness below 0, and what it forks from now on not: its children have niceness 0.
 * Throws SystemCallError or Node's own error: ESRCH where there is no such process, EPERM (EACCES) without the power to.
 */
export function putBeforeOthers(pid: number, niceness: number): void {
  checked('sched_setscheduler', setScheduler(pid, ordinaryAndAnewOnFork, new Int32Array([0])));
  setPriority(pid, niceness);
}

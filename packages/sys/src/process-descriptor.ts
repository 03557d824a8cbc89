import { constants } from 'node:os';
import { checked, nativeFunction } from './libc.ts';

// SAFETY: integers, and a null pointer where the signal's details would be. The bare system calls, which have the same
// numbers on every architecture, since older C libraries have no functions for them.
const openCall = nativeFunction('long syscall(long number, int pid, unsigned int flags)');
const signalCall = nativeFunction(
  'long syscall(long number, int pidfd, int signal, uintptr_t info, unsigned int flags)',
);
const pidfdOpen = 434;
const pidfdSendSignal = 424;

/**
 * A descriptor of a process, which stays its own although its PID is given to another one. It is readable, for poll, once
 * the process has ended. Throws SystemCallError: ESRCH where there is none.
 */
export function openProcess(pid: number): number {
  return checked('pidfd_open', openCall(pidfdOpen, pid, 0));
}

/** Throws SystemCallError: ESRCH for a process that has ended. */
export function signalProcess(pidfd: number, signal: NodeJS.Signals): void {
  checked('pidfd_send_signal', signalCall(pidfdSendSignal, pidfd, constants.signals[signal], 0, 0));
}

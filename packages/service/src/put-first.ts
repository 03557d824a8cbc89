import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { describeError, systemCode } from '@wrenn/core';
import type { Logger } from './logger.ts';

/**
 * Beside four terminals that print all they can, the API answered as fast as with 0 (p99 17 to 23 ms, and 12 to 15 since it
 * holds for sessions too); with -15 it took 100 to 150 ms.
 */
const niceness = -10;

/**
 * Puts this process before others that want the processor, for what a person waits for at each key. `put` is for a process
 * that starts others: it keeps them from inheriting it. Where it may not be done, a line of the log says so. The process is
 * to lead a session (`setsid`): what shares its session is preferred with it, so a session that is another's stays as it is.
 */
export function putThisProcessFirst(
  log: Logger,
  put: (thread: number, niceness: number) => void = setPriority,
): void {
  try {
    // The kernel has a niceness for each thread: those that collect garbage hold up the one that serves.
    for (const thread of readdirSync('/proc/self/task')) put(Number(thread), niceness);
    if (leadsItsSession()) preferSession();
  } catch (thrown) {
    log.info({ cause: describeError(thrown) }, 'this process is not put before others');
  }
}

/** The sixth field of proc_pid_stat(5), after a name that may hold anything. */
function leadsItsSession(): boolean {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const [, , , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(session) === process.pid;
}

/**
 * A kernel with autogroups (sched(7), on in Debian) shares the processor out among sessions first, and only what a session
 * has of it by niceness. Without this, and while it shared its session with one that moved files, a process that wanted a
 * millisecond waited up to 77 for it. Cgroups, where they are used, come before both.
 */
function preferSession(): void {
  try {
    writeFileSync('/proc/self/autogroup', String(niceness));
  } catch (thrown) {
    if (systemCode(thrown) !== 'ENOENT') throw thrown;
  }
}

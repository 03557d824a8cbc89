import { closeSync, openSync, writeSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { systemCode } from '@wrenn/core';

/** Never killed when the machine has no memory left. */
const daemonOomScore = '-1000';
/** Above 0: then processes of users go before whatever else there is. */
const ordinaryOomScore = '100';

const daemonNiceness = -5;
const ordinaryNiceness = 0;

/**
 * Puts this daemon before the machine's other processes. Groups with weights do more; this also counts where there are
 * none, or where somebody has moved processes out of theirs. Throws the system's error.
 */
export function preferDaemon(): void {
  setOomScore(process.pid, daemonOomScore);
  setPriority(process.pid, daemonNiceness);
}

/** Takes from a process what it inherited of the daemon's preference. One that has ended is passed over. */
export function makeOrdinary(pid: number): void {
  try {
    setOomScore(pid, ordinaryOomScore);
    setPriority(pid, ordinaryNiceness);
  } catch (thrown) {
    if (!hasEnded(thrown)) throw thrown;
  }
}

function setOomScore(pid: number, score: string): void {
  const fd = openSync(`/proc/${pid}/oom_score_adj`, 'r+');
  try {
    writeSync(fd, score);
  } finally {
    closeSync(fd);
  }
}

function hasEnded(thrown: unknown): boolean {
  const code = systemCode(thrown);
  if (code === 'ENOENT' || code === 'ESRCH') return true;
  // `node:os` gives all of its faults one code.
  return thrown instanceof Error && 'errno' in thrown && thrown.errno === -constants.errno.ESRCH;
}

import { getPriority, setPriority } from 'node:os';
import { logFault } from '../log.ts';
import { ControlFile } from './control-file.ts';

/** Never killed when the machine has no memory left. */
const daemonOomScore = '-1000';
const daemonNiceness = -5;
/** Above 0: when memory runs out, processes of users go before whatever else there is. */
const ordinaryOomScore = '100';
const ordinaryNiceness = 0;

/**
 * What puts this daemon before the machine's other processes. Groups with weights do more; this also counts where there
 * are none, or where somebody has moved processes out of theirs.
 *
 * Children inherit it, and theirs. So the daemon gives it up for the moment in which it starts one: they never have it,
 * and it costs two writes into an open file, where another process's file would cost a look into /proc.
 */
export class Preference {
  readonly #oomScore = new ControlFile('/proc/self/oom_score_adj', 'r+');
  /** What it could get: a daemon of less than root's powers gets nothing. */
  readonly #own: { readonly oomScore: string; readonly niceness: number };

  constructor() {
    try {
      this.#oomScore.write(daemonOomScore);
      setPriority(daemonNiceness);
    } catch (thrown) {
      logFault('putting the daemon before other processes', thrown);
    }
    this.#own = { oomScore: this.#oomScore.read().trim(), niceness: getPriority() };
  }

  /** Runs `spawn`, which starts a process, without it. */
  without<T>(spawn: () => T): T {
    this.#oomScore.write(ordinaryOomScore);
    setPriority(ordinaryNiceness);
    try {
      return spawn();
    } finally {
      this.#oomScore.write(this.#own.oomScore);
      setPriority(this.#own.niceness);
    }
  }
}

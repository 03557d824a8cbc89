/** Processor time since the start, in ticks. */
export interface CpuTimes {
  readonly busy: number;
  readonly total: number;
}

/** The first line of /proc/stat. Guests' time is part of `user` already, and waiting for disks is idle time. */
export function parseCpuTimes(stat: string): CpuTimes {
  const [, ...fields] = (stat.split('\n', 1)[0] ?? '').trim().split(/\s+/);
  const times = fields.slice(0, 8).map(Number);
  const [, , , idle = 0, waiting = 0] = times;
  const total = times.reduce((sum, time) => sum + time, 0);
  return { busy: total - idle - waiting, total };
}

/** How many processors /proc/stat counts. */
export function countProcessors(stat: string): number {
  return stat.match(/^cpu\d/gm)?.length ?? 0;
}

/** Several who ask at once get the same answer: of a shorter time ticks are too coarse. */
const shortestTicks = 20;

/** How busy the processors were between two samples, in percent of all of them; the first since the machine's start. */
export class CpuUsage {
  #last: CpuTimes = { busy: 0, total: 0 };
  #percent = 0;

  sample(now: CpuTimes): number {
    // A machine that was restored from a snapshot goes on where it was; it never goes back.
    const total = now.total - this.#last.total;
    if (total < shortestTicks) return this.#percent;
    this.#percent = Math.round(((now.busy - this.#last.busy) / total) * 10_000) / 100;
    this.#last = now;
    return this.#percent;
  }
}

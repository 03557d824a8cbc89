import type { CpuReading } from './guest-answer.ts';

/** Of a shorter time ticks are too coarse; they are a hundredth of a second of each processor. */
const shortestTicks = 20;

/**
 * How busy the processors of one machine were between two readings. The first is where it begins to count: what a restored
 * guest did before, or another that had its state, is not this capsule's.
 */
export class CpuMeter {
  #last: CpuReading | undefined;

  /** In percent of all processors; undefined where nothing can be said of the time since the last reading. */
  percentSince(reading: CpuReading): number | undefined {
    const last = this.#last;
    const { ticks } = reading;
    if (last === undefined || ticks === undefined || last.ticks === undefined) {
      this.#last = reading;
      // A daemon that counts no ticks says it itself, since it was asked before.
      return last === undefined || ticks !== undefined ? undefined : clamped(reading.percent);
    }
    const total = ticks.total - last.ticks.total;
    if (total >= 0 && total < shortestTicks) return undefined;
    this.#last = reading;
    // Counters that go back are those of a guest that makes them up.
    return total < 0 ? undefined : clamped(((ticks.busy - last.ticks.busy) / total) * 100);
  }
}

function clamped(percent: number): number {
  return Math.min(100, Math.max(0, percent));
}

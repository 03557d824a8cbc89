import type { Installation } from './installation.ts';

/** One benchmark's last line: ours and the floor from the same run, and whether the ratio keeps to the bar. */
export interface BenchmarkResult {
  readonly bench: string;
  readonly runs: number;
  readonly ours: Readonly<Record<string, number>>;
  readonly floor: Readonly<Record<string, number>>;
  readonly ratio: Readonly<Record<string, number>>;
  /** The most that the ratio of the same name may be, or the least for a throughput (`…mb_s`, `rps`). */
  readonly bar: Readonly<Record<string, number>>;
  readonly ok: boolean;
}

export interface StandaloneContext {
  readonly runs: number;
  /** How much data to move, where that can be chosen; undefined: as much as the bar is for. */
  readonly sizeMiB: number | undefined;
  /** Says on standard error how far it is. */
  readonly note: (text: string) => void;
  readonly signal: AbortSignal;
}

export interface BenchmarkContext extends StandaloneContext {
  readonly wrenn: Installation;
}

type Measured = Omit<BenchmarkResult, 'bench' | 'runs' | 'ok'>;

interface BenchmarkHead {
  readonly name: string;
  readonly defaultRuns: number;
  /** What is measured against what, for `--help`. */
  readonly what: string;
}

/** Of the Wrenn that runs on this machine. */
export interface Benchmark extends BenchmarkHead {
  run(context: BenchmarkContext): Promise<Measured>;
}

/** Of a part that it starts itself. */
export interface StandaloneBenchmark extends BenchmarkHead {
  runAlone(context: StandaloneContext): Promise<Measured>;
}

export function isWithinBar(
  ratio: Readonly<Record<string, number>>,
  bar: Readonly<Record<string, number>>,
): boolean {
  return Object.entries(bar).every(([key, limit]) => {
    const value = ratio[key];
    return value !== undefined && (/mb_s$|rps$/.test(key) ? value >= limit : value <= limit);
  });
}

/** Times `work`, in milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

import type { Installation } from './installation.ts';

/** One benchmark's last line: ours and the floor from the same run, and whether the ratio keeps to the bar. */
export interface BenchmarkResult {
  readonly bench: string;
  readonly runs: number;
  readonly ours: Readonly<Record<string, number>>;
  readonly floor: Readonly<Record<string, number>>;
  readonly ratio: Readonly<Record<string, number>>;
  /** The most that the ratio of the same name may be. */
  readonly bar: Readonly<Record<string, number>>;
  readonly ok: boolean;
}

export interface BenchmarkContext {
  readonly wrenn: Installation;
  readonly runs: number;
  /** Says on standard error how far it is. */
  readonly note: (text: string) => void;
  readonly signal: AbortSignal;
}

export interface Benchmark {
  readonly name: string;
  readonly defaultRuns: number;
  /** What is measured against what, for `--help`. */
  readonly what: string;
  run(context: BenchmarkContext): Promise<Omit<BenchmarkResult, 'bench' | 'runs' | 'ok'>>;
}

export function isWithinBar(
  ratio: Readonly<Record<string, number>>,
  bar: Readonly<Record<string, number>>,
): boolean {
  return Object.entries(bar).every(([key, most]) => {
    const value = ratio[key];
    return value !== undefined && value <= most;
  });
}

/** Times `work`, in milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

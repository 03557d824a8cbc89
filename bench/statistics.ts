/** The value below which `fraction` of the samples lie, interpolated between the two nearest. */
export function percentile(samples: readonly number[], fraction: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const rank = (sorted.length - 1) * fraction;
  const low = sorted[Math.floor(rank)] ?? Number.NaN;
  const high = sorted[Math.ceil(rank)] ?? Number.NaN;
  return low + (high - low) * (rank - Math.floor(rank));
}

export interface Times {
  readonly p50_ms: number;
  readonly p95_ms: number;
  readonly p99_ms: number;
}

export function summarize(samplesMs: readonly number[]): Times {
  return {
    p50_ms: round(percentile(samplesMs, 0.5)),
    p95_ms: round(percentile(samplesMs, 0.95)),
    p99_ms: round(percentile(samplesMs, 0.99)),
  };
}

/** Ours over the floor; lower is better. */
function ratioOf(ours: Times, floor: Times) {
  return {
    p50: round(ours.p50_ms / floor.p50_ms),
    p95: round(ours.p95_ms / floor.p95_ms),
    p99: round(ours.p99_ms / floor.p99_ms),
  };
}

/** The part of a result that is times: ours, the floor from the same run, and what one is of the other. */
export function compare(oursMs: readonly number[], floorMs: readonly number[]) {
  const [ours, floor] = [summarize(oursMs), summarize(floorMs)];
  return { ours: { ...ours }, floor: { ...floor }, ratio: ratioOf(ours, floor) };
}

/** Three digits after the point: more would be noise. */
export function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

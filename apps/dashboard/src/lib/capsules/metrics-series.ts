import type { Schemas } from '#lib/api/client.ts';
import type { MetricsRange } from './calls.ts';

export const metricsRanges: readonly { readonly value: MetricsRange; readonly label: string }[] = [
  { value: '5m', label: '5 min' },
  { value: '10m', label: '10 min' },
  { value: '1h', label: '1 hour' },
  { value: '2h', label: '2 hours' },
  { value: '6h', label: '6 hours' },
  { value: '12h', label: '12 hours' },
  { value: '24h', label: '24 hours' },
];

type Point = Schemas['CapsuleMetrics']['points'][number];

/** The points with a gap wherever the capsule did not run: two that are further apart than they should be have one between. */
export function withGaps(
  points: readonly Point[],
  intervalSec: number,
): readonly (Point | { readonly timestamp_unix: number; readonly gap: true })[] {
  return points.flatMap((point, index) => {
    const before = points[index - 1];
    const isGap = before !== undefined && point.timestamp_unix - before.timestamp_unix > intervalSec * 2.5;
    return isGap
      ? [{ timestamp_unix: before.timestamp_unix + intervalSec, gap: true as const }, point]
      : [point];
  });
}

/** A time on the axis: with the day where the range has several. */
export function axisTime(unixSec: number, isLong: boolean): string {
  const date = new Date(unixSec * 1_000);
  return isLong
    ? date.toLocaleString('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' })
    : date.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
}

export interface Scale {
  readonly of: (bytes: number) => number;
  readonly format: (value: number) => string;
}

/** An axis of bytes whose marks are whole: in the unit that `total` is told in. */
export function byteScale(total: number): Scale {
  const [unit, length] = total >= 2 ** 31 ? (['GiB', 2 ** 30] as const) : (['MiB', 2 ** 20] as const);
  return {
    of: (bytes) => bytes / length,
    format: (value) => `${value.toLocaleString('en', { maximumFractionDigits: 1 })} ${unit}`,
  };
}

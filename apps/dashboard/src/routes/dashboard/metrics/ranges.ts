import type { Schemas } from '#lib/api/client.ts';

type Range = Schemas['CapsuleStats']['range'];

export const ranges: readonly { readonly value: Range; readonly label: string }[] = [
  { value: '5m', label: '5 min' },
  { value: '1h', label: '1 hour' },
  { value: '6h', label: '6 hours' },
  { value: '24h', label: '24 hours' },
  { value: '30d', label: '30 days' },
];

/** How often something new can be in the range. */
export const rangeEveryMs: Readonly<Record<Range, number>> = {
  '5m': 10_000,
  '1h': 30_000,
  '6h': 60_000,
  '24h': 120_000,
  '30d': 300_000,
};

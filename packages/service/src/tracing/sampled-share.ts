import { WrennError } from '@wrenn/core';

/** How many of the traces that begin here are recorded, as `OTEL_TRACES_SAMPLER_ARG` says it: 0 to 1, all by default. */
export function sampledShare(text: string | undefined): number {
  if (text === undefined || text === '') return 1;
  const share = Number(text);
  if (share >= 0 && share <= 1) return share;
  throw new WrennError('missing_prerequisite', 'OTEL_TRACES_SAMPLER_ARG: must be a number from 0 to 1', {
    remedy: 'set it to the share of traces to record, as 0.1',
  });
}

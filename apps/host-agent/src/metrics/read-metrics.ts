import type { CapsuleId } from '@wrenn/core';
import { type CapsuleContext, requirePresent } from '../capsules/capsules.ts';
import type { Point } from './usage.ts';

export interface CapsuleMetrics {
  readonly points: readonly Point[];
  /** How far apart they are. */
  readonly intervalSec: number;
}

/**
 * What a capsule used in the last `rangeSec`; of one that does not run, in the last that it ran. While it was paused, or
 * its guest said nothing, there are no points.
 */
export async function readMetrics(
  context: Pick<CapsuleContext, 'capsules' | 'metrics'>,
  id: CapsuleId,
  rangeSec: number,
  sampledEverySec: number,
): Promise<CapsuleMetrics> {
  const { kind } = requirePresent(context, id);
  const history = await context.metrics.read(id);
  const now = Date.now() / 1000;
  const until = kind === 'running' ? now : Math.min(history.lastAt ?? now, now);
  const { points, stepSec } = history.excerpt(rangeSec, until);
  return { points, intervalSec: Math.max(stepSec, sampledEverySec) };
}

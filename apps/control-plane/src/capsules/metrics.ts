import { type CapsuleId, type TeamId, WrennError } from '@wrenn/core';
import type { ServerContext } from '../server-context.ts';
import { findPlaced } from './store.ts';

/** What a capsule used, as its guest sees it: at one moment, or on average from that moment on. */
export interface MetricPoint {
  readonly timestampUnix: number;
  /** Of all its processors together: 0 to 100. */
  readonly cpuPct: number;
  /** The total without what is available to programs. */
  readonly memBytes: number;
  readonly memTotalBytes: number;
  readonly diskBytes: number;
  readonly diskTotalBytes: number;
}

export interface CapsuleMetrics {
  /** From the oldest on; none of the time in which it did not run. */
  readonly points: readonly MetricPoint[];
  /** How far apart they are. */
  readonly intervalSec: number;
}

/**
 * What a capsule used in the last `rangeSec` (a day at the most) before now, or before it was paused; `not_found` for one
 * that neither runs nor is paused, `host_unavailable` when its host cannot be asked. No use of the capsule.
 */
export async function readMetrics(
  { agents, database }: Pick<ServerContext, 'agents' | 'database'>,
  teamId: TeamId,
  id: CapsuleId,
  rangeSec: number,
  signal: AbortSignal,
): Promise<CapsuleMetrics> {
  const { host, status } = await findPlaced(database, teamId, id);
  if (status !== 'running' && status !== 'paused') {
    throw new WrennError('not_found', `capsule ${id} is ${status}, and has no metrics`, {
      remedy: 'ask for those of a capsule that is running or paused',
    });
  }
  const { points, intervalSec } = await agents.of(host).metrics(id, rangeSec, signal);
  return {
    intervalSec,
    points: points.map((point) => ({
      timestampUnix: Number(point.timestampUnix),
      cpuPct: point.cpuPct,
      memBytes: Number(point.memBytes),
      memTotalBytes: Number(point.memTotalBytes),
      diskBytes: Number(point.diskBytes),
      diskTotalBytes: Number(point.diskTotalBytes),
    })),
  };
}

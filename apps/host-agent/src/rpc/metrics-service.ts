import type { ServiceImpl } from '@connectrpc/connect';
import { parseId } from '@wrenn/core';
import type { HostAgentService } from '@wrenn/protocol/hostagent';
import type { CapsuleContext } from '../capsules/capsules.ts';
import { readMetrics } from '../metrics/read-metrics.ts';
import type { Point } from '../metrics/usage.ts';
import { metricsRange } from './requests.ts';

/** What capsules use of their machines. */
export function metricsService(
  context: CapsuleContext,
  sampledEverySec: number,
): Pick<ServiceImpl<typeof HostAgentService>, 'getSandboxMetrics'> {
  return {
    async getSandboxMetrics({ sandboxId, rangeSec }) {
      const id = parseId('capsule', sandboxId, 'sandbox_id');
      const range = metricsRange(rangeSec);
      const { points, intervalSec } = await readMetrics(context, id, range, sampledEverySec);
      return { points: points.map(metricPoint), intervalSec };
    },
  };
}

function metricPoint({ at, cpuPct, memBytes, memTotalBytes, diskBytes, diskTotalBytes }: Point) {
  const whole = (value: number) => BigInt(Math.round(value));
  return {
    timestampUnix: whole(at),
    cpuPct,
    memBytes: whole(memBytes),
    memTotalBytes: whole(memTotalBytes),
    diskBytes: whole(diskBytes),
    diskTotalBytes: whole(diskTotalBytes),
  };
}

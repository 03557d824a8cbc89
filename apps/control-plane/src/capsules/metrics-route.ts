import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { withScope } from '../access/route-auth.ts';
import { callerOf } from '../http/auth.ts';
import { capsuleIdParameters, failures } from '../http/schemas.ts';
import { whenGone } from '../http/when-gone.ts';
import type { ServerContext } from '../server-context.ts';
import { type MetricPoint, readMetrics } from './metrics.ts';
import { rounded } from './present.ts';

const minute = 60;
const hour = 60 * minute;
const ranges = {
  '5m': 5 * minute,
  '10m': 10 * minute,
  '1h': hour,
  '2h': 2 * hour,
  '6h': 6 * hour,
  '12h': 12 * hour,
  '24h': 24 * hour,
} as const;
type Range = keyof typeof ranges;

const metricsQuery = z.strictObject({
  range: z
    .enum(Object.keys(ranges) as [Range, ...Range[]])
    .default('10m')
    .describe('Up to now; of a capsule that is paused, up to its pause.'),
});

const pointBody = z
  .object({
    timestamp_unix: z
      .int()
      .describe('In seconds: of a sample its time, of an average the begin of its interval.'),
    cpu_pct: z.number().describe('Of all its processors together: 0 to 100.'),
    mem_bytes: z.int().describe('The total without what is available to programs.'),
    mem_total_bytes: z.int(),
    disk_bytes: z.int(),
    disk_total_bytes: z.int(),
  })
  .meta({ id: 'MetricPoint' });

const metricsBody = z
  .object({
    sandbox_id: z.string(),
    range: z.enum(Object.keys(ranges) as [Range, ...Range[]]),
    interval_sec: z
      .int()
      .describe('How far apart the points are. What is missing is a gap: it did not run, or said nothing.'),
    points: z.array(pointBody),
  })
  .meta({ id: 'CapsuleMetrics' });

export function metricsRoute(app: Parameters<FastifyPluginAsyncZod>[0], context: ServerContext): void {
  app.get(
    '/:id/metrics',
    {
      config: { auth: withScope('capsules:read') },
      schema: {
        operationId: 'getCapsuleMetrics',
        summary: 'What a capsule uses: processors, memory, disk',
        description:
          'As its guest sees it: samples for 10 minutes, averages of 30 seconds for 2 hours, of 5 minutes for a day. Does not count as a use of the capsule.',
        tags: ['capsules'],
        params: capsuleIdParameters,
        querystring: metricsQuery,
        response: { 200: metricsBody, ...failures(400, 401, 404, 502, 503, 504) },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const { range } = request.query;
      const { teamId } = callerOf(request);
      const metrics = await readMetrics(context, teamId, id, ranges[range], whenGone(reply));
      return {
        sandbox_id: id,
        range,
        interval_sec: metrics.intervalSec,
        points: metrics.points.map(presentPoint),
      };
    },
  );
}

function presentPoint(point: MetricPoint): z.output<typeof pointBody> {
  return {
    timestamp_unix: point.timestampUnix,
    cpu_pct: rounded(point.cpuPct),
    mem_bytes: point.memBytes,
    mem_total_bytes: point.memTotalBytes,
    disk_bytes: point.diskBytes,
    disk_total_bytes: point.diskTotalBytes,
  };
}

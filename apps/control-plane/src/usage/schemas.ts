import { z } from 'zod';
import type { DayOfUse } from './daily.ts';
import { type Days, mostDays, usualDays } from './days.ts';
import { type Range, ranges, type Stats } from './stats.ts';

const day = z.iso.date().refine((value) => value >= '2000', 'must be from 2000-01-01 on');

export const daysQuery = z.strictObject({
  from: day.optional().describe(`The first day, in UTC; by default ${usualDays} days end with \`to\`.`),
  to: day.optional().describe(`The last day; by default today. ${mostDays} days at the most.`),
});

export const usageBody = z
  .object({
    from: z.iso.date(),
    to: z.iso.date(),
    points: z
      .array(
        z.object({
          date: z.iso.date(),
          cpu_minutes: z.number().describe('vCPUs that capsules had, times minutes.'),
          ram_mb_minutes: z.number().describe('MB that they had, times minutes; half of it while paused.'),
        }),
      )
      .describe('Days without use are not there. The newest may be of today, up to now.'),
  })
  .meta({ id: 'Usage' });

export function presentUsage({ from, to }: Days, days: readonly DayOfUse[]): z.output<typeof usageBody> {
  const points = days.map(({ date, cpuMinutes, ramMbMinutes }) => ({
    date,
    cpu_minutes: Number(cpuMinutes),
    ram_mb_minutes: Number(ramMbMinutes),
  }));
  return { from, to, points };
}

const rangeNames = Object.keys(ranges) as [Range, ...Range[]];

export const statsQuery = z.strictObject({
  range: z.enum(rangeNames).default('1h').describe('How far the series goes back.'),
});

const column = z.array(z.int());

export const statsBody = z
  .object({
    range: z.enum(rangeNames),
    current: z.object({ running_count: z.int(), vcpus_reserved: z.int(), memory_mb_reserved: z.int() }),
    peaks: z
      .object({ running_count: z.int(), vcpus: z.int(), memory_mb: z.int() })
      .describe('The largest of the last 30 days, each by itself.'),
    series: z
      .object({
        labels: z.array(z.string().meta({ format: 'date-time' })),
        running: column,
        vcpus: column,
        memory_mb: column,
      })
      .describe('The largest of each part of the range, whose beginning is its label; the last is not over.'),
  })
  .meta({ id: 'CapsuleStats' });

export function presentStats(range: Range, { current, peaks, series }: Stats): z.output<typeof statsBody> {
  return {
    range,
    current: {
      running_count: current.running,
      vcpus_reserved: current.vcpus,
      memory_mb_reserved: current.memoryMb,
    },
    peaks: { running_count: peaks.running, vcpus: peaks.vcpus, memory_mb: peaks.memoryMb },
    series: {
      labels: series.map(({ at }) => at.toISOString()),
      running: series.map(({ running }) => running),
      vcpus: series.map(({ vcpus }) => vcpus),
      memory_mb: series.map(({ memoryMb }) => memoryMb),
    },
  };
}

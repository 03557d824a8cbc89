import { parseJson } from '@wrenn/core';
import { z } from 'zod';
import type { Usage } from './usage.ts';

/** Larger than any disk here; whole and exact as a number. */
const mostBytes = 2 ** 50;

const amount = z.number().min(0);
const bytes = amount.transform((value) => Math.round(Math.min(value, mostBytes)));

const answer = z.object({
  cpu_used_pct: amount,
  // Daemons of older snapshots do not count them.
  cpu_busy_ticks: amount.optional(),
  cpu_total_ticks: amount.optional(),
  mem_used: bytes,
  mem_total: bytes,
  disk_used: bytes,
  disk_total: bytes,
});

/** What a guest says of its processors. */
export interface CpuReading {
  /** Since somebody asked before. */
  readonly percent: number;
  /** Since its machine's start, where it counts them. */
  readonly ticks: { readonly busy: number; readonly total: number } | undefined;
}

export interface Reading extends Omit<Usage, 'cpuPct'> {
  readonly cpu: CpuReading;
}

/**
 * What a guest's daemon says that it uses; undefined for what is no such answer. Guest root may have it say anything, so it
 * is taken for no more than there can be: of memory what the machine has, and of neither more than there is in all.
 */
export function readGuestAnswer(text: string, machine: { readonly memoryMiB: number }): Reading | undefined {
  const parsed = answer.safeParse(parseJson(text));
  if (!parsed.success) return undefined;
  const { data } = parsed;
  const memTotalBytes = Math.min(data.mem_total, machine.memoryMiB * 1024 * 1024);
  return {
    cpu: { percent: data.cpu_used_pct, ticks: ticksOf(data.cpu_busy_ticks, data.cpu_total_ticks) },
    memBytes: Math.min(data.mem_used, memTotalBytes),
    memTotalBytes,
    diskBytes: Math.min(data.disk_used, data.disk_total),
    diskTotalBytes: data.disk_total,
  };
}

function ticksOf(busy: number | undefined, total: number | undefined): CpuReading['ticks'] {
  return busy === undefined || total === undefined ? undefined : { busy, total };
}

import type { Schemas } from '#lib/api/client.ts';

const dayMs = 86_400_000;
/** What the API answers at the most. */
export const mostDays = 92;
export const presets = { '7d': 7, '30d': 30, '90d': 90 } as const;
export type Preset = keyof typeof presets;

/** Days of UTC, both included. */
export interface Days {
  readonly from: string;
  readonly to: string;
}

export type Wanted =
  | { readonly kind: 'preset'; readonly preset: Preset; readonly days: Days }
  | { readonly kind: 'custom'; readonly days: Days }
  /** `days` are what was typed. */
  | { readonly kind: 'refused'; readonly days: Days; readonly why: string };

export function dayOf(time: Date): string {
  return time.toISOString().slice(0, 10);
}

function timeOf(day: string): number {
  return /^\d{4}-\d{2}-\d{2}$/.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN;
}

/** The last days up to today. */
export function lastDays(count: number, today: string): Days {
  return { from: dayOf(new Date(timeOf(today) - (count - 1) * dayMs)), to: today };
}

/** What the address of the page asks for. */
export function wantedOf(query: Pick<URLSearchParams, 'get'>, today: string): Wanted {
  const [from, to] = [query.get('from'), query.get('to')];
  if (from !== null || to !== null) {
    const days = { from: from ?? '', to: to ?? today };
    const why = refusalOf(days);
    return why === undefined ? { kind: 'custom', days } : { kind: 'refused', days, why };
  }
  const given = query.get('range') ?? '';
  const preset = given in presets ? (given as Preset) : '30d';
  return { kind: 'preset', preset, days: lastDays(presets[preset], today) };
}

function refusalOf({ from, to }: Days): string | undefined {
  const [first, last] = [timeOf(from), timeOf(to)];
  if (Number.isNaN(first) || Number.isNaN(last)) return 'Choose a first and a last day.';
  if (first > last) return 'The first day is after the last one.';
  const count = Math.round((last - first) / dayMs) + 1;
  return count > mostDays ? `These are ${count} days; ${mostDays} at a time are the most.` : undefined;
}

export interface UsageDay {
  readonly date: string;
  readonly cpuMinutes: number;
  readonly memoryGbMinutes: number;
  /** Not over yet: it still grows. */
  readonly isRunning: boolean;
}

/** Each day of the range; those without use are zero. */
export function everyDay({ from, to, points }: Schemas['Usage'], today: string): readonly UsageDay[] {
  const byDate = new Map(points.map((point) => [point.date, point]));
  const count = Math.round((timeOf(to) - timeOf(from)) / dayMs) + 1;
  return Array.from({ length: Math.max(0, count) }, (_, index) => {
    const date = dayOf(new Date(timeOf(from) + index * dayMs));
    const point = byDate.get(date);
    return {
      date,
      cpuMinutes: point?.cpu_minutes ?? 0,
      memoryGbMinutes: (point?.ram_mb_minutes ?? 0) / 1024,
      isRunning: date === today,
    };
  });
}

const steps = [
  ['year', 31_536_000_000],
  ['month', 2_592_000_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

/** `3 hours ago`; `just now` for less than a minute. */
export function ago(time: string | Date, now: Date = new Date()): string {
  const ms = new Date(time).getTime() - now.getTime();
  for (const [unit, length] of steps)
    if (Math.abs(ms) >= length) return relative.format(Math.trunc(ms / length), unit);
  return ms > 0 ? 'in a moment' : 'just now';
}

/** `29 Nov 2026, 11:42:03`, where the person is. */
export function exact(time: string | Date): string {
  return new Date(time).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
}

import { Readable } from 'node:stream';
import type { DayOfUse } from './daily.ts';

/** As RFC 4180 has it. There are only dates and numbers in it: nothing that a spreadsheet could take for a formula. */
export function csvOf(days: readonly DayOfUse[]): Readable {
  const lines = function* (): Generator<string> {
    yield line(['date', 'cpu_minutes', 'ram_mb_minutes', 'cpu_seconds', 'ram_mb_seconds']);
    for (const { date, cpuMinutes, ramMbMinutes, cpuSeconds, ramMbSeconds } of days)
      yield line([date, cpuMinutes, ramMbMinutes, cpuSeconds, ramMbSeconds]);
  };
  return Readable.from(lines(), { objectMode: false });
}

function line(values: readonly string[]): string {
  return `${values.join(',')}\r\n`;
}

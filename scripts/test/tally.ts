import { z } from 'zod';

/** What came of a number of tests. Names are `file > suite > test`. */
export const tallySchema = z.object({
  passed: z.int(),
  /** `why` is what was said of it, with where; empty where it has been printed just before. */
  failed: z.array(z.object({ name: z.string(), why: z.string() })),
  skipped: z.array(z.object({ name: z.string(), reason: z.string() })),
  /** How long each file took. */
  files: z.array(z.object({ name: z.string(), ms: z.number() })),
});
export type Tally = z.infer<typeof tallySchema>;

/** So many files say where the time of a run goes. */
const longestShown = 25;
/** The whole of it is further up, which is not always kept. */
const whyLinesShown = 16;

export const noTests: Tally = { passed: 0, failed: [], skipped: [], files: [] };

export function onePassed(): Tally {
  return { ...noTests, passed: 1 };
}

export function oneFailed(name: string, why = ''): Tally {
  return { ...noTests, failed: [{ name, why }] };
}

export function sumOf(tallies: readonly Tally[]): Tally {
  return {
    passed: tallies.reduce((sum, { passed }) => sum + passed, 0),
    failed: tallies.flatMap(({ failed }) => failed),
    skipped: tallies.flatMap(({ skipped }) => skipped),
    files: tallies.flatMap(({ files }) => files),
  };
}

/** What is printed at the very end; the last line is for programs as well as for people. */
export function tallyLines({ passed, failed, skipped, files }: Tally): string[] {
  const longest = files.toSorted((one, other) => other.ms - one.ms).slice(0, longestShown);
  return [
    ...(longest.length === 0 ? [] : ['', 'Longest:']),
    ...longest.map(({ name, ms }) => `${(ms / 1000).toFixed(0).padStart(7)} s  ${name}`),
    ...(skipped.length === 0 ? [] : ['', 'Skipped:']),
    ...skipped.map(({ name, reason }) => `  ${name}: ${reason}`),
    ...(failed.length === 0 ? [] : ['', 'Failed:']),
    ...failed.flatMap(({ name, why }) => [`  ${name}`, ...whyLines(why)]),
    '',
    `${passed} passed, ${failed.length} failed, ${skipped.length} skipped`,
  ];
}

function whyLines(why: string): string[] {
  const lines = why.split('\n').filter((line) => line.trim() !== '');
  const left = lines.length - whyLinesShown;
  const shown = lines.slice(0, whyLinesShown).map((line) => `    | ${line}`);
  return left > 0 ? [...shown, `    | and ${left} lines more`] : shown;
}

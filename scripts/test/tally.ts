import { z } from 'zod';

/** What came of a number of tests. Names are `file > suite > test`. */
export const tallySchema = z.object({
  passed: z.int(),
  failed: z.array(z.string()),
  skipped: z.array(z.object({ name: z.string(), reason: z.string() })),
});
export type Tally = z.infer<typeof tallySchema>;

export const noTests: Tally = { passed: 0, failed: [], skipped: [] };

export function onePassed(): Tally {
  return { ...noTests, passed: 1 };
}

export function oneFailed(name: string): Tally {
  return { ...noTests, failed: [name] };
}

export function sumOf(tallies: readonly Tally[]): Tally {
  return {
    passed: tallies.reduce((sum, { passed }) => sum + passed, 0),
    failed: tallies.flatMap(({ failed }) => failed),
    skipped: tallies.flatMap(({ skipped }) => skipped),
  };
}

/** What is printed at the very end; the last line is for programs as well as for people. */
export function tallyLines({ passed, failed, skipped }: Tally): string[] {
  return [
    ...(skipped.length === 0 ? [] : ['', 'Skipped:']),
    ...skipped.map(({ name, reason }) => `  ${name}: ${reason}`),
    ...(failed.length === 0 ? [] : ['', 'Failed:']),
    ...failed.map((name) => `  ${name}`),
    '',
    `${passed} passed, ${failed.length} failed, ${skipped.length} skipped`,
  ];
}

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemCode } from '@wrenn/core';
import { runCommand } from '../run-command.ts';
import { oneFailed, type Tally, tallySchema } from './tally.ts';
import { tallyFileVariable } from './tally-reporter.ts';

/** The projects of vitest.config.ts, and how long each may take in all. */
export const projects = [
  { name: 'host', timeoutMs: 20 * 60_000, when: 'always' },
  { name: 'unit', timeoutMs: 10 * 60_000, when: 'always' },
  { name: 'integration', timeoutMs: 20 * 60_000, when: 'always' },
  { name: 'database', timeoutMs: 15 * 60_000, when: 'always' },
  { name: 'browser', timeoutMs: 20 * 60_000, when: 'always' },
  { name: 'e2e', timeoutMs: 30 * 60_000, when: 'always' },
  { name: 'alone', timeoutMs: 20 * 60_000, when: 'always' },
  { name: 'faults', timeoutMs: 15 * 60_000, when: 'always' },
  // What would make the whole run longer than it may be.
  { name: 'slow', timeoutMs: 20 * 60_000, when: 'named' },
] as const;
export type Project = (typeof projects)[number];
type Name = Project['name'];

/**
 * What runs when: the rows one after the other; of a row the lanes side by side, each with its projects in order. What
 * needs the machine's slots, or counts what is on it, has one lane at any time.
 */
export const schedule: readonly (readonly (readonly Name[])[])[] = [
  [['host'], ['unit', 'integration', 'database', 'browser']],
  [['e2e']],
  [['alone']],
  [['faults']],
  [['slow']],
];

/** Runs the tests of one project. What it prints goes straight to the terminal, or is printed when it has ended. */
export async function runProject(
  { name, timeoutMs }: Project,
  paths: readonly string[],
  show: 'as it comes' | 'at the end',
): Promise<Tally> {
  const directory = await mkdtemp(join(tmpdir(), 'wrenn-tally-'));
  try {
    const file = join(directory, 'tally.json');
    const reporters = ['--reporter=default', '--reporter=./scripts/test/tally-reporter.ts'];
    const argv = ['vitest', 'run', '--project', name, ...reporters, '--passWithNoTests', ...paths] as const;
    if (show === 'as it comes') title(`${name} tests`);
    const { code, output } = await runCommand(argv, {
      timeoutMs,
      output: show === 'as it comes' ? 'show' : 'keep',
      environment: { [tallyFileVariable]: file },
    });
    if (show === 'at the end') {
      title(`${name} tests`);
      console.log(output);
    }
    const tally = await readTally(file);
    if (tally === undefined) return oneFailed(`${name}: vitest exited with ${code} and no result`);
    const hasSaidWhy = code === 0 || tally.failed.length > 0;
    return hasSaidWhy ? tally : { ...tally, failed: oneFailed(`${name}: vitest exited with ${code}`).failed };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function readTally(file: string): Promise<Tally | undefined> {
  try {
    return tallySchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

export function title(text: string): void {
  console.log(`\n== ${text} ==`);
}

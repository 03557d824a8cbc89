import { type CommandOutcome, runCommand } from '../run-command.ts';
import { type Check, checks, preparations } from './checks.ts';

/** More would only wait for each other on two cores. */
const atOnce = 2;
const timeoutMs = 180_000;

export interface CheckedCode {
  readonly passed: number;
  /** Those that did not, with what they printed. */
  readonly failed: readonly { readonly name: string; readonly why: string }[];
}

/** Runs all checks, and prints a line for each as it ends, with the output of those that failed. */
export async function runChecks(): Promise<CheckedCode> {
  const unprepared = await failedOf(preparations, 1);
  if (unprepared.length > 0) return { passed: 0, failed: unprepared };
  const failed = await failedOf(checks, atOnce);
  return { passed: checks.length - failed.length, failed };
}

async function failedOf(wanted: readonly Check[], workers: number): Promise<CheckedCode['failed']> {
  const waiting = [...wanted];
  const failed: { name: string; why: string }[] = [];
  const work = async () => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      const outcome = await runCommand(check.argv, { timeoutMs, output: 'keep' });
      if (outcome.code !== 0) failed.push({ name: check.name, why: outcome.output });
      show(check, outcome);
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  return failed;
}

function show({ name, argv }: Check, { code, output, ms }: CommandOutcome): void {
  const time = `${(ms / 1000).toFixed(1)} s`.padStart(7);
  console.log(`  ${code === 0 ? '✓' : '✗'} ${name.padEnd(20)}${time}`);
  if (code === 0) return;
  console.log(`\n$ ${argv.join(' ')}\n${output.trim()}\n`);
}

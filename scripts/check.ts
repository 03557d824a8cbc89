// `npm run check`: everything about the code that can be said without running it. Exit code 1 when a check fails.
import { type Check, checks } from './check/checks.ts';
import { type CommandOutcome, runCommand } from './run-command.ts';

/** More would only wait for each other on two cores. */
const atOnce = 2;
const timeoutMs = 180_000;

const began = performance.now();
const waiting = [...checks];
const failed: string[] = [];

await Promise.all(
  Array.from({ length: atOnce }, async () => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      const outcome = await runCommand(check.argv, { timeoutMs, output: 'keep' });
      if (outcome.code !== 0) failed.push(check.name);
      show(check, outcome);
    }
  }),
);

const seconds = ((performance.now() - began) / 1000).toFixed(1);
if (failed.length === 0) console.log(`check: all ${checks.length} passed in ${seconds} s`);
else console.log(`check: ${failed.length} of ${checks.length} failed in ${seconds} s: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;

function show({ name, argv }: Check, { code, output, ms }: CommandOutcome): void {
  const time = `${(ms / 1000).toFixed(1)} s`.padStart(7);
  console.log(`  ${code === 0 ? '✓' : '✗'} ${name.padEnd(20)}${time}`);
  if (code === 0) return;
  console.log(`\n$ ${argv.join(' ')}\n${output.trim()}\n`);
}

// `npm run check`: everything about the code that can be said without running it. Exit code 1 when a check fails.
import { runChecks } from './check/run-checks.ts';

const began = performance.now();
const { passed, failed } = await runChecks();
const seconds = ((performance.now() - began) / 1000).toFixed(1);
if (failed.length === 0) console.log(`check: all ${passed} passed in ${seconds} s`);
else
  console.log(
    `check: ${failed.length} failed, ${passed} passed in ${seconds} s: ${failed.map(({ name }) => name).join(', ')}`,
  );
process.exitCode = failed.length === 0 ? 0 : 1;

// `npm run check`: everything about the code that can be said without running it. Exit code 1 when a check fails.
import { checks } from './check/checks.ts';
import { runChecks } from './check/run-checks.ts';

const began = performance.now();
const failed = await runChecks();
const seconds = ((performance.now() - began) / 1000).toFixed(1);
if (failed.length === 0) console.log(`check: all ${checks.length} passed in ${seconds} s`);
else console.log(`check: ${failed.length} of ${checks.length} failed in ${seconds} s: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;

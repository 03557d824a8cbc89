// Checks the types of the pages against the API and against each other.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { generateTypes } from './build-dashboard.ts';
import { dashboard } from './sources.ts';

await generateTypes();
const bin = join(dashboard, '../../node_modules/.bin');
for (const [program, ...args] of [
  ['svelte-kit', 'sync'],
  ['svelte-check', '--tsconfig', 'tsconfig.pages.json', '--fail-on-warnings', '--output', 'human'],
] as const) {
  const { status } = spawnSync(join(bin, program), args, { cwd: dashboard, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

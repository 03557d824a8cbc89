// Checks the types of the pages against the API and against each other. `types.ts` has made those of the API.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { dashboard } from './sources.ts';

const bin = join(dashboard, '../../node_modules/.bin');
for (const [program, ...args] of [
  ['svelte-kit', 'sync'],
  ['svelte-check', '--tsconfig', 'tsconfig.pages.json', '--fail-on-warnings', '--output', 'human'],
] as const) {
  const { status } = spawnSync(join(bin, program), args, { cwd: dashboard, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

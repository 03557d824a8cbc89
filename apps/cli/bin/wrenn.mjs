#!/usr/bin/env node
// `npx wrenn` in a checkout: runs the CLI under the Node that the lock file pins, whichever one was found first.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BootstrapFault } from '../../../scripts/bootstrap/fault.mjs';
import { runEntry } from '../../../scripts/bootstrap/run-entry.mjs';

const root = new URL('../../../', import.meta.url);
if (existsSync(fileURLToPath(new URL('node_modules/.bin/node', root)))) {
  await runEntry(root, 'apps/cli/src/main.ts', process.argv.slice(2));
} else {
  console.error(new BootstrapFault('the dependencies are not installed', 'run `npm start` once').toString());
  process.exitCode = 1;
}

// Writes docs/capsule-states.md from the table that the server enforces; with `--check` only says whether it is current.
import { readFile, writeFile } from 'node:fs/promises';
import { capsuleStatesPage } from './capsule-states/page.ts';

const target = new URL('../docs/capsule-states.md', import.meta.url);
const page = capsuleStatesPage();

if (process.argv.includes('--check')) {
  const committed = await readFile(target, 'utf8').catch(() => '');
  if (committed !== page) {
    console.error('docs/capsule-states.md is not current: run `npm run generate`');
    process.exitCode = 1;
  }
} else {
  await writeFile(target, page);
}

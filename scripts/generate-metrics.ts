// Writes docs/metrics.md from the metrics of all processes; with `--check` only says whether it is current.
import { readFile, writeFile } from 'node:fs/promises';
import { metricsPage } from './metrics/page.ts';
import { commonMetrics, processes } from './metrics/processes.ts';

const target = new URL('../docs/metrics.md', import.meta.url);
const page = metricsPage(commonMetrics(), processes);

if (process.argv.includes('--check')) {
  const committed = await readFile(target, 'utf8').catch(() => '');
  if (committed !== page) {
    console.error('docs/metrics.md is not current: run `npm run generate`');
    process.exitCode = 1;
  }
} else {
  await writeFile(target, page);
}

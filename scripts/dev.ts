// `npm run dev`: the control plane on a fake host, without root and without virtual machines, for work on the API and the
// dashboard. Data is in .wrenn/dev (WRENN_DEV_DIR); Ctrl-C stops it, and removing the folder begins anew.
import { join } from 'node:path';
import { describeError } from '@wrenn/core';
import { startDevelopment } from './dev/start.ts';

const directory = process.env['WRENN_DEV_DIR'] || join(import.meta.dirname, '..', '.wrenn', 'dev');
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());

try {
  await using development = await startDevelopment(directory, process.env, stopping.signal);
  console.log(development.summary);
  const stopped = Promise.withResolvers<void>();
  if (stopping.signal.aborted) stopped.resolve();
  stopping.signal.addEventListener('abort', () => stopped.resolve());
  await stopped.promise;
  console.log('stopping …');
} catch (thrown) {
  console.error(describeError(thrown));
  process.exitCode = 1;
}

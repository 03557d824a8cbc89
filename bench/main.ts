import { parseArgs } from 'node:util';
import { WrennError } from '@wrenn/core';
import { type Benchmark, isWithinBar, type StandaloneBenchmark } from './benchmark.ts';
import { create } from './benchmarks/create.ts';
import { density } from './benchmarks/density.ts';
import { envdFiles } from './benchmarks/envd-files.ts';
import { envdMemory } from './benchmarks/envd-memory.ts';
import { envdStart } from './benchmarks/envd-start.ts';
import { exec } from './benchmarks/exec.ts';
import { files } from './benchmarks/files.ts';
import { fork } from './benchmarks/fork.ts';
import { pages } from './benchmarks/pages.ts';
import { pause } from './benchmarks/pause.ts';
import { proxy } from './benchmarks/proxy.ts';
import { pty } from './benchmarks/pty.ts';
import { resume } from './benchmarks/resume.ts';
import { runaway } from './benchmarks/runaway.ts';
import { terminalPage } from './benchmarks/terminal-page.ts';
import { openInstallation } from './installation.ts';

const benchmarks: readonly (Benchmark | StandaloneBenchmark)[] = [
  create,
  exec,
  pause,
  resume,
  fork,
  files,
  density,
  envdFiles,
  envdMemory,
  envdStart,
  pages,
  proxy,
  pty,
  runaway,
  terminalPage,
];

/** Runs one benchmark; the last line on standard output is its result as JSON. Exit code 1 when a bar is missed. */
async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { runs: { type: 'string' }, 'size-mib': { type: 'string' }, help: { type: 'boolean' } },
  });
  const chosen = benchmarks.find(({ name }) => name === positionals[0]);
  if (chosen === undefined || values.help) {
    console.error(
      'usage: npm run bench -- NAME [--runs N] [--size-mib N], against the Wrenn that runs on this machine\n',
    );
    for (const { name, what, defaultRuns } of benchmarks)
      console.error(`  ${name.padEnd(14)}${what} (${defaultRuns} runs)`);
    return values.help ? 0 : 2;
  }
  const runs = wholeNumber('runs', values.runs) ?? chosen.defaultRuns;
  const sizeMiB = wholeNumber('size-mib', values['size-mib']);
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort(new WrennError('cancelled', 'interrupted')));
  const note = (text: string) => console.error(`${chosen.name}: ${text}`);
  const context = { runs, sizeMiB, note, signal: stop.signal };
  const measured =
    'runAlone' in chosen
      ? await chosen.runAlone(context)
      : await chosen.run({ ...context, wrenn: await openInstallation(process.env) });
  const ok = isWithinBar(measured.ratio, measured.bar);
  console.log(JSON.stringify({ bench: chosen.name, runs, ...measured, ok }));
  return ok ? 0 : 1;
}

function wholeNumber(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1) return number;
  throw new WrennError('invalid_request', `--${option} must be a whole number above 0`, { field: option });
}

try {
  process.exitCode = await main();
} catch (thrown) {
  if (!(thrown instanceof WrennError)) throw thrown;
  console.error(`bench: ${thrown.message}${thrown.remedy === undefined ? '' : `; ${thrown.remedy}`}`);
  process.exitCode = 2;
}

import { mkdir } from 'node:fs/promises';
import type { WriteStream } from 'node:tty';
import type { Progress } from '@wrenn/core';
import { z } from 'zod';
import type { UpConfig } from '../config.ts';
import { exitCodes } from '../exit-code.ts';
import { type Colors, colorsFor } from '../output/colors.ts';
import { formatDuration } from '../output/duration.ts';
import { StopSignals } from '../stop-signals.ts';
import { checkMachine } from '../up/checks.ts';
import { logDirectory, programsOf } from '../up/programs.ts';
import { Renderer } from '../up/renderer.ts';
import { runOnce } from '../up/run-once.ts';
import { screenOf } from '../up/screen.ts';
import type { ServiceProcess } from '../up/service-process.ts';

const facts = z.object({
  output: z.string(),
  engine: z.string(),
  engine_build: z.string(),
  isolation: z.string(),
});

export interface SelftestOptions {
  readonly config: UpConfig;
  readonly environment: NodeJS.ProcessEnv;
  /** Shows the progress. */
  readonly screen: WriteStream;
}

/** What was found out; printed as JSON as it is. */
export type SelftestResult = z.output<typeof facts> & {
  readonly steps: readonly { readonly name: string; readonly ms: number }[];
  readonly ms: number;
};

/** Runs the host agent's self-test on this machine. An interrupted one cleans up before this throws. */
export async function selftest(options: SelftestOptions): Promise<SelftestResult> {
  const { config, environment, screen } = options;
  const began = performance.now();
  let child: ServiceProcess | undefined;
  using stop = new StopSignals(() => {
    child?.kill();
    process.exit(exitCodes.interrupted);
  });
  await checkMachine();
  await mkdir(config.directory, { recursive: true, mode: 0o711 });
  await mkdir(logDirectory(config), { recursive: true, mode: 0o700 });
  using renderer = new Renderer(screenOf(screen), colorsFor(screen, environment));
  const steps: { name: string; ms: number }[] = [];
  const report = (progress: Progress) => {
    renderer.report(progress);
    if (progress.kind === 'finished') steps.push({ name: progress.step, ms: progress.ms });
  };
  const onStarted = async (process: ServiceProcess) => {
    child = process;
  };
  const program = programsOf(config, environment).selftest;
  const found = facts.parse(await runOnce(program, { report, onStarted, signal: stop.signal }));
  return { ...found, steps, ms: Math.round(performance.now() - began) };
}

export function selftestLines(result: SelftestResult, { green, yellow }: Colors): string[] {
  const emulated = 'emulated: no boundary against hostile code';
  return [
    '',
    `  ${green(result.output)}`,
    '',
    `  Engine     ${result.engine} (${result.engine_build})`,
    `  Isolation  ${result.isolation === 'emulated' ? yellow(emulated) : result.isolation}`,
    `  Took       ${formatDuration(result.ms)}, and nothing of it is left on this machine`,
  ];
}

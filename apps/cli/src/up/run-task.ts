import { mkdir } from 'node:fs/promises';
import type { WriteStream } from 'node:tty';
import type { UpConfig } from '../config.ts';
import { exitCodes } from '../exit-code.ts';
import { colorsFor } from '../output/colors.ts';
import { StopSignals } from '../stop-signals.ts';
import { logDirectory, programsOf } from './programs.ts';
import { Renderer } from './renderer.ts';
import { runOnce } from './run-once.ts';
import { screenOf } from './screen.ts';
import type { ServiceProcess } from './service-process.ts';
import { withDatabase } from './with-database.ts';

export interface TaskOptions {
  readonly config: UpConfig;
  readonly environment: NodeJS.ProcessEnv;
  /** Shows progress, and what is unusual. */
  readonly screen: WriteStream;
}

/** Has the control plane's program do one thing with this machine's installation; returns what it reported. */
export async function runTask(
  { config, environment, screen }: TaskOptions,
  argv: readonly [string, ...string[]],
): Promise<Readonly<Record<string, string>>> {
  let child: ServiceProcess | undefined;
  using stop = new StopSignals(() => {
    child?.kill();
    process.exit(exitCodes.interrupted);
  });
  await mkdir(config.directory, { recursive: true, mode: 0o711 });
  await mkdir(logDirectory(config), { recursive: true, mode: 0o700 });
  using renderer = new Renderer(screenOf(screen), colorsFor(screen, environment));
  const onStarted = async (process: ServiceProcess) => {
    child = process;
  };
  const announce = (line: string) => renderer.print(`  ${line}`);
  return await withDatabase(config, announce, stop.signal, async (databaseUrl) => {
    const program = programsOf(config, environment).task(databaseUrl, argv);
    return await runOnce(program, { report: renderer.report, onStarted, signal: stop.signal });
  });
}

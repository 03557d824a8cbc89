import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Progress, runStep } from '@wrenn/core';
import type { UpConfig } from '../config.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';
import { type Colors, colorsFor } from '../output/colors.ts';
import { StopSignals } from '../stop-signals.ts';
import { checkMachine, checkPort, type WantedPort } from './checks.ts';
import { DirectoryLock } from './directory-lock.ts';
import { Installation } from './installation.ts';
import { localUrl } from './listen-address.ts';
import { apiUrl, logDirectory, programsOf } from './programs.ts';
import { Renderer } from './renderer.ts';
import { screenOf } from './screen.ts';
import { selfTest, untilReady } from './self-test.ts';
import { type Summary, summaryLines } from './summary.ts';

export interface UpOptions {
  readonly config: UpConfig;
  readonly environment: NodeJS.ProcessEnv;
  /** `json`: one JSON line on standard output when Wrenn is up, all else on standard error. */
  readonly output: 'text' | 'json';
}

/** Starts Wrenn, shows how, and keeps it running until a signal comes; then stops it in order. */
export async function up({ config, environment, output }: UpOptions): Promise<ExitCode> {
  const stream = output === 'json' ? process.stderr : process.stdout;
  const colors = colorsFor(stream, environment);
  using renderer = new Renderer(screenOf(stream), colors);
  const announce = (line: string) => renderer.print(`  ${line}`);
  let installation: Installation | undefined;
  using stop = new StopSignals(() => {
    announce('Ended at once. Capsules that still run are found again by the next start.');
    installation?.kill();
    process.exit(exitCodes.interrupted);
  });

  await using lock = await runStep(renderer.report, 'checks', async () => ({
    value: await prepare(config, stop.signal),
    cached: false,
  }));
  let report = renderer.report;
  installation = new Installation({
    config,
    programs: programsOf(config, environment),
    lock,
    report: (progress) => report(progress),
    announce,
  });
  await using _running = stopping(installation, announce);
  const summary = await start(installation, { config, renderer, signal: stop.signal });
  report = (progress) => showNote(progress, announce);
  renderer.finish();
  show(summary, { output, colors, announce: (line) => renderer.print(line) });
  await stop.wanted();
  return exitCodes.ok;
}

/** Checks the machine and takes the directory. Ports come last: a killed supervisor's processes may hold them still. */
async function prepare(config: UpConfig, signal: AbortSignal): Promise<DirectoryLock> {
  await checkMachine();
  // Others may pass through, since each capsule's monitor runs under a uid of its own; nobody may look around.
  await mkdir(config.directory, { recursive: true, mode: 0o711 });
  const lock = await DirectoryLock.take(config.directory, signal);
  try {
    for (const port of wantedPorts(config)) await checkPort(port);
    await mkdir(logDirectory(config), { recursive: true, mode: 0o700 });
  } catch (thrown) {
    await lock[Symbol.asyncDispose]();
    throw thrown;
  }
  return lock;
}

function wantedPorts(config: UpConfig): WantedPort[] {
  return [
    { usedBy: 'API', variable: 'WRENN_CP_LISTEN_ADDR', address: config.apiAddress },
    { usedBy: 'edge', variable: 'WRENN_EDGE_LISTEN_ADDR', address: config.edgeAddress },
    { usedBy: 'host agent', variable: 'WRENN_HOST_LISTEN_ADDR', address: config.agentAddress },
    { usedBy: 'relay', variable: 'WRENN_RELAY_LISTEN_ADDR', address: config.relayAddress },
    ...wantedForMetrics(config),
  ];
}

function wantedForMetrics(config: UpConfig): WantedPort[] {
  const all = [
    ['WRENN_CP_METRICS_ADDR', config.controlPlaneMetrics],
    ['WRENN_SESSIONS_METRICS_ADDR', config.sessionsMetrics],
    ['WRENN_EDGE_METRICS_ADDR', config.edgeMetrics],
    ['WRENN_HOST_METRICS_ADDR', config.agentMetrics],
    ['WRENN_RELAY_METRICS_ADDR', config.relayMetrics],
  ] as const;
  return all.flatMap(([variable, address]) =>
    address === undefined ? [] : [{ usedBy: 'metrics', variable, address }],
  );
}

async function start(
  installation: Installation,
  { config, renderer, signal }: { config: UpConfig; renderer: Renderer; signal: AbortSignal },
): Promise<Summary> {
  await installation.start(signal);
  const apiKeyFile = installation.fact('bootstrap', 'api_key_file');
  const apiKey = (await readFile(apiKeyFile, 'utf8')).trim();
  const url = apiUrl(config);
  await writeAddress(config, url);
  const greeting = await runStep(renderer.report, 'self-test', async (note) => {
    await untilReady(url, signal);
    note('a capsule boots, runs a command and is destroyed');
    return { value: await selfTest(url, apiKey, signal), cached: false };
  });
  return {
    apiUrl: url,
    edgeUrl: localUrl(config.edgeAddress),
    apiKey,
    apiKeyFile,
    admin: adminOf(installation),
    isolation: installation.fact('host-agent', 'isolation'),
    logDirectory: logDirectory(config),
    greeting,
    // Counted from the start of this process.
    ms: performance.now(),
  };
}

function adminOf(installation: Installation): Summary['admin'] {
  const email = installation.factIfAny('bootstrap', 'admin_email');
  const passwordFile = installation.factIfAny('bootstrap', 'admin_password_file');
  return email === undefined || passwordFile === undefined ? undefined : { email, passwordFile };
}

/** For clients on this machine that are not told where the API is. */
async function writeAddress(config: UpConfig, url: string): Promise<void> {
  const file = join(config.directory, 'address');
  await writeFile(`${file}.partial`, `${url}\n`, { mode: 0o644 });
  await rename(`${file}.partial`, file);
}

function stopping(installation: Installation, announce: (line: string) => void): AsyncDisposable {
  return {
    async [Symbol.asyncDispose]() {
      announce('Stopping … Another Ctrl-C ends Wrenn at once and leaves its capsules running.');
      await installation.stop();
      announce('Stopped. What was stored is there at the next start.');
    },
  };
}

/** After the start, progress comes from an agent that pauses capsules or was started again: its notes are for people. */
function showNote(progress: Progress, announce: (line: string) => void): void {
  if (progress.kind === 'note') announce(`${progress.step}: ${progress.text}`);
}

function show(
  summary: Summary,
  { output, colors, announce }: { output: 'text' | 'json'; colors: Colors; announce: (line: string) => void },
): void {
  for (const line of summaryLines(summary, colors)) announce(line);
  if (output === 'text') return;
  const {
    apiUrl: api_url,
    edgeUrl: edge_url,
    apiKeyFile: api_key_file,
    admin,
    isolation,
    greeting,
  } = summary;
  const facts = {
    api_url,
    edge_url,
    api_key_file,
    ...(admin === undefined ? {} : { admin_email: admin.email, admin_password_file: admin.passwordFile }),
    isolation,
    greeting,
    ms: Math.round(summary.ms),
  };
  process.stdout.write(`${JSON.stringify(facts)}\n`);
}

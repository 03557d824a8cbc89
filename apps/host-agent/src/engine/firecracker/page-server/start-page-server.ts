import { spawn } from 'node:child_process';
import { access, type FileHandle, open, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { deadline, systemCode, until, WrennError } from '@wrenn/core';
import type { Cgroup } from '../../../cgroup/cgroup.ts';
import { enterAndBecome } from '../../../cgroup/enter-and-become.ts';
import { openPlaced } from '../../../files/open-placed.ts';
import { isRunning, killProcess, type ProcessIdentity } from '../../../process/process-identity.ts';
import { startedProcess } from '../../../process/started-process.ts';
import { inPlace } from '../place.ts';
import type { PageServerJob } from './job.ts';

/** Node's start, and the opening of a few files. */
const startDeadlineMs = 20_000;
/** How often the end of one is looked for that is not a child of this process. */
const lookMs = 500;
const longestWords = 1_000;
const program = fileURLToPath(new URL('./main.ts', import.meta.url));
/**
 * One page server for each capsule that was restored: what it takes is taken as often. With these, the cache of its code,
 * and its own care it keeps 12 MiB to itself (28 MiB are resident, most of them Node's code); without any, 37 and 89.
 */
const nodeOptions = [
  '--v8-pool-size=1',
  '--max-semi-space-size=1',
  '--max-old-space-size=64',
  '--single-threaded-gc',
  '--no-warnings',
];

/** A process that serves the pages of one machine; it outlives the agent. */
export interface PageServerProcess {
  readonly record: ProcessIdentity;
  /**
   * Settles once, with what it said of a fault. It ends by itself when the VMM has ended: while that still runs, it has
   * failed, whatever it said.
   */
  readonly ended: Promise<string | undefined>;
  /** Ends it; a VMM that needs it still would wait for ever. */
  stop(): Promise<void>;
}

export interface PageServerPlace {
  /** Holds its job and what it says; only root may read these. */
  readonly directory: string;
  readonly cgroup: Cgroup;
  /**
   * A folder that only root may write, made when it is needed, where Node keeps the server's code without its types: the
   * next one starts in half the time, without the memory that it takes to strip them.
   */
  readonly codeCache?: string;
}

/** Starts one that listens when this returns. Throws agent_error with what it said. */
export async function startPageServer(
  job: PageServerJob,
  place: PageServerPlace,
  signal: AbortSignal,
): Promise<PageServerProcess> {
  const server = await spawnServer(job, place);
  const polling = new AbortController();
  try {
    using limit = deadline(startDeadlineMs, 'starting a page server', signal);
    const listens = appears(job.socketPath, AbortSignal.any([limit, polling.signal]));
    await Promise.race([listens, failed(server.ended)]);
    return server;
  } catch (thrown) {
    await server.stop();
    throw thrown;
  } finally {
    polling.abort();
  }
}

async function spawnServer(
  job: PageServerJob,
  { directory, cgroup, codeCache }: PageServerPlace,
): Promise<PageServerProcess> {
  const jobFile = inPlace(directory, 'pageServerJob');
  await using described = await replace(jobFile);
  await described.writeFile(JSON.stringify(job));
  await using log = await replace(logFile(directory));
  const child = spawn(
    '/bin/sh',
    [
      ...['-c', enterAndBecome, 'wrenn-page-server', ...cgroup.procsFiles, '--'],
      ...[process.execPath, ...nodeOptions, program, jobFile],
    ],
    {
      cwd: '/',
      detached: true,
      stdio: ['ignore', 'ignore', log.fd],
      env: codeCache === undefined ? {} : { NODE_COMPILE_CACHE: codeCache },
    },
  );
  const { exited, ...identity } = await startedProcess(child, 'a page server');
  return {
    record: identity,
    ended: exited.then(() => lastWords(directory)),
    stop: () => killProcess(identity),
  };
}

/** One that was started by an agent that is gone; undefined where it is gone too. */
export async function adoptPageServer(
  record: ProcessIdentity,
  directory: string,
  signal: AbortSignal,
): Promise<PageServerProcess | undefined> {
  if (!(await isRunning(record))) return undefined;
  const isOver = async () => ((await isRunning(record)) ? undefined : true);
  return {
    record,
    ended: until(isOver, lookMs, signal).then(() => lastWords(directory)),
    stop: () => killProcess(record),
  };
}

async function lastWords(directory: string): Promise<string | undefined> {
  try {
    await using log = await openPlaced(logFile(directory));
    const said = (await log.readFile('utf8')).trim();
    return said === '' ? undefined : said.slice(-longestWords);
  } catch (thrown) {
    return nothing(thrown);
  }
}

async function appears(path: string, signal: AbortSignal): Promise<void> {
  const isThere = () => access(path).then(() => true, nothing);
  await until(isThere, 2, signal);
}

async function failed(ended: Promise<string | undefined>): Promise<never> {
  const said = (await ended) ?? 'it does not say why';
  throw new WrennError('agent_error', `the page server ended: ${said}`);
}

/** A new file of root's, whatever the VMM's user put in its place. */
async function replace(path: string): Promise<FileHandle> {
  await rm(path, { recursive: true, force: true });
  return await open(path, 'ax', 0o600);
}

function logFile(directory: string): string {
  return inPlace(directory, 'pageServerLog');
}

function nothing(thrown: unknown): undefined {
  if (systemCode(thrown) === 'ENOENT') return undefined;
  throw thrown;
}

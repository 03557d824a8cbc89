import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { abortable, deadline, systemCode, until, WrennError } from '@wrenn/core';
import type { Account } from './account.ts';
import type { Distribution } from './distribution.ts';
import type { Layout } from './layout.ts';

export interface Postmaster {
  readonly pid: number;
  /** Settles when the server is gone, however it ended. */
  readonly exited: Promise<void>;
  stop(): Promise<void>;
}

export interface ServerTuning {
  /** `off` loses data when the machine dies. */
  readonly fsync: 'on' | 'off';
  readonly maxConnections: number;
}

const largestLogBytes = 10 * 1024 * 1024;

/** Starts the server and returns when it accepts connections. */
export async function startPostmaster(
  { programs }: Distribution,
  layout: Layout,
  account: Account,
  tuning: ServerTuning,
  signal: AbortSignal,
): Promise<Postmaster> {
  const log = await openLog(layout);
  try {
    const child = spawn(join(programs, 'postgres'), ['-D', layout.data, ...serverSettings(layout, tuning)], {
      uid: account.uid,
      gid: account.gid,
      cwd: layout.data,
      env: { PATH: '/usr/bin:/bin', TZ: 'UTC', LC_ALL: 'C' },
      stdio: ['ignore', log.fd, log.fd],
      // A session of its own: Ctrl-C on the supervisor's terminal must not stop the database under its users.
      detached: true,
    });
    await once(child, 'spawn', { signal });
    const exited = once(child, 'exit').then(() => undefined);
    const postmaster = { pid: child.pid ?? 0, exited, stop: () => stopServer(child, exited) };
    try {
      await ready(layout, postmaster, signal);
    } catch (thrown) {
      await postmaster.stop();
      throw thrown;
    }
    return postmaster;
  } finally {
    await log.close();
  }
}

function serverSettings(layout: Layout, { fsync, maxConnections }: ServerTuning): string[] {
  const settings = {
    listen_addresses: '',
    unix_socket_directories: layout.run,
    port: '5432',
    timezone: 'UTC',
    log_timezone: 'UTC',
    max_connections: String(maxConnections),
    // Queries here are short: compiling them costs more than it gains.
    jit: 'off',
    ...(fsync === 'off' ? { fsync, synchronous_commit: 'off', full_page_writes: 'off' } : {}),
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** Opens the server's log for appending; one older generation is kept. */
async function openLog(layout: Layout) {
  const size = await stat(layout.log).then(
    (found) => found.size,
    (thrown: unknown) => {
      if (systemCode(thrown) === 'ENOENT') return 0;
      throw thrown;
    },
  );
  if (size > largestLogBytes) await rename(layout.log, `${layout.log}.1`);
  return await open(layout.log, 'a', 0o600);
}

/** The eighth line of the server's PID file says `ready` when it takes connections; pg_ctl waits for the same. */
async function ready(layout: Layout, { pid, exited }: Postmaster, signal: AbortSignal): Promise<void> {
  const file = join(layout.data, 'postmaster.pid');
  using limit = deadline(60_000, 'starting PostgreSQL', signal);
  const waiting = new AbortController();
  const outcome = await Promise.race([
    exited.then(() => 'exited' as const),
    until(
      async () => {
        const lines = await readFile(file, 'utf8').then((text) => text.split('\n'), missing);
        return lines[0] === String(pid) && lines[7]?.trim() === 'ready' ? ('ready' as const) : undefined;
      },
      5,
      AbortSignal.any([limit, waiting.signal]),
    ),
  ]).finally(() => waiting.abort());
  if (outcome === 'ready') return;
  const lines = (await readFile(layout.log, 'utf8')).trim().split('\n');
  throw new WrennError('internal_error', `PostgreSQL did not start: ${lines.at(-1) ?? 'it said nothing'}`, {
    remedy: `read ${layout.log}`,
  });
}

function missing(thrown: unknown): string[] {
  if (systemCode(thrown) === 'ENOENT') return [];
  throw thrown;
}

/** Fast shutdown ends sessions and writes a checkpoint; immediate shutdown leaves recovery to the next start. */
async function stopServer(child: ChildProcess, exited: Promise<void>): Promise<void> {
  const steps = [
    { order: 'SIGINT', ms: 30_000 },
    { order: 'SIGQUIT', ms: 5_000 },
    { order: 'SIGKILL', ms: 5_000 },
  ] as const;
  for (const { order, ms } of steps) {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(order);
    using limit = deadline(ms, 'stopping PostgreSQL');
    const gone = await abortable(exited, limit).then(
      () => true,
      () => false,
    );
    if (gone) return;
  }
  throw new WrennError('internal_error', `PostgreSQL (pid ${child.pid}) does not end`);
}

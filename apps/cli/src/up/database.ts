import { join } from 'node:path';
import { describeError, pause, systemCode } from '@wrenn/core';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@wrenn/postgres';
import type { UpConfig } from '../config.ts';

export interface Database {
  readonly url: string;
  stop(): Promise<void>;
  /** Ends the embedded server without a checkpoint: it recovers at its next start. */
  kill(): void;
}

const restartPauseMs = 1_000;
const longestPauseMs = 30_000;

/**
 * The database of `DATABASE_URL`, or the embedded one, which is started and, when it ends by itself, started again.
 * Its address stays the same.
 */
export async function startDatabase(
  config: UpConfig,
  announce: (line: string) => void,
  signal: AbortSignal,
): Promise<Database> {
  if (config.databaseUrl !== '') {
    return { url: config.databaseUrl, stop: () => Promise.resolve(), kill: () => undefined };
  }
  const directory = join(config.directory, 'postgres');
  const start = (until: AbortSignal) => startEmbeddedPostgres({ directory, signal: until, log: announce });
  const stopping = new AbortController();
  let server = await start(signal);
  const kept = keep();
  return {
    url: server.url,
    async stop() {
      stopping.abort();
      await server.stop();
      await kept;
    },
    kill() {
      stopping.abort();
      endNow(server.pid);
    },
  };

  async function keep(): Promise<void> {
    for (;;) {
      await server.exited;
      if (stopping.signal.aborted) return;
      announce('PostgreSQL ended by itself; starting it again');
      const next = await startAgain();
      if (next === undefined) return;
      server = next;
    }
  }

  async function startAgain(): Promise<EmbeddedPostgres | undefined> {
    for (let pauseMs = restartPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      try {
        await pause(pauseMs, stopping.signal);
        return await start(stopping.signal);
      } catch (thrown) {
        if (stopping.signal.aborted) return undefined;
        announce(`PostgreSQL could not be started: ${describeError(thrown)}`);
      }
    }
  }
}

function endNow(pid: number): void {
  try {
    process.kill(pid, 'SIGQUIT');
  } catch (thrown) {
    if (systemCode(thrown) !== 'ESRCH') throw thrown;
  }
}

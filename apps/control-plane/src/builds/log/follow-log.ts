import { type BuildId, pause, type TeamId } from '@wrenn/core';
import type { Database } from '../../db/database.ts';
import { type Build, isOver } from '../build.ts';
import { findBuild } from '../store.ts';
import { type LogEntry, readLog } from './read-log.ts';

const lookEveryMs = 300;
const pageEntries = 200;
/** A proxy drops a connection on which nothing comes. */
const aliveEveryMs = 15_000;

export type LogEvent =
  | { readonly kind: 'entry'; readonly entry: LogEntry }
  | { readonly kind: 'alive' }
  | { readonly kind: 'over'; readonly build: Build };

/** The log from the entry after `after` on, as it grows, until the build is over and all of it was read. */
export async function* followLog(
  database: Database,
  { teamId, id, after }: { readonly teamId: TeamId; readonly id: BuildId; readonly after: number },
  signal: AbortSignal,
): AsyncGenerator<LogEvent> {
  let last = after;
  let quietSince = Date.now();
  for (;;) {
    // Looked at before the log: what is written until the end is then in it.
    const build = await findBuild(database, teamId, id);
    const entries = await readLog(database, id, last, pageEntries);
    for (const entry of entries) {
      last = entry.seq;
      yield { kind: 'entry', entry };
    }
    if (entries.length > 0) quietSince = Date.now();
    if (entries.length === pageEntries) continue;
    if (isOver(build)) {
      yield { kind: 'over', build };
      return;
    }
    if (Date.now() - quietSince > aliveEveryMs) {
      quietSince = Date.now();
      yield { kind: 'alive' };
    }
    await pause(lookEveryMs, signal);
  }
}

import { describeError, WrennError } from '@wrenn/core';
import { missingMigrations } from '../db/migrator.ts';
import { countOnline } from '../hosts/store.ts';
import type { ServerContext } from '../server-context.ts';

/** Why the server cannot make capsules now; empty when it can. */
export async function faults({
  database,
  hostMonitor,
  log,
}: Pick<ServerContext, 'database' | 'hostMonitor' | 'log'>): Promise<string[]> {
  try {
    const missing = await missingMigrations(database);
    if (missing.length > 0) return [`migrations are missing: ${missing.join(', ')}`];
    if (!hostMonitor.hasLooked) return ['the hosts have not been looked at yet'];
    return (await countOnline(database)) > 0 ? [] : ['no host is online'];
  } catch (thrown) {
    log.warn({ cause: describeError(thrown) }, 'checking readiness');
    return [WrennError.from(thrown, 'the database does not answer').message];
  }
}

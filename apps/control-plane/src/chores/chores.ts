import { removeOldEntries } from '../audit/retention.ts';
import { tidyBuilds } from '../builds/tidy.ts';
import type { ServerContext } from '../server-context.ts';
import { rollUpUsage } from '../usage/roll-up.ts';
import { purgeAccounts } from '../users/purge-accounts.ts';
import { removeOldEvents } from './old-events.ts';

/** Work by the clock, on one of all replicas. */
interface Chore {
  readonly name: `chore-${string}`;
  /** In UTC; each at a minute of its own. */
  readonly cron: string;
  /** Goes on at the next time where the signal stopped it. */
  run(context: ServerContext, signal: AbortSignal): Promise<void>;
}

const chores: readonly Chore[] = [
  { name: 'chore-usage', cron: '3 * * * *', run: rollUpUsage },
  { name: 'chore-audit-retention', cron: '11 * * * *', run: removeOldEntries },
  { name: 'chore-accounts', cron: '23 * * * *', run: purgeAccounts },
  { name: 'chore-events', cron: '41 * * * *', run: removeOldEvents },
  { name: 'chore-builds', cron: '53 * * * *', run: tidyBuilds },
];

export async function scheduleChores(context: ServerContext): Promise<void> {
  for (const { name, cron, run } of chores)
    await context.queues.every(name, cron, (signal) => run(context, signal));
}

import type { KeyObject } from 'node:crypto';
import { idFromUuid, uuidFromId } from '@wrenn/core';
import { platformPart } from '../access/principal.ts';
import type { Queryable } from '../db/database.ts';
import type { ServerContext } from '../server-context.ts';
import { lockChain, movedChain } from './chain.ts';
import { ChainWalk } from './chain-walk.ts';
import { chainKey } from './digest.ts';
import { platformTeam } from './happening.ts';
import { entriesAfter, type StoredEntry, teamsWithChain } from './stored-entry.ts';

type Services = Pick<ServerContext, 'database' | 'recorder' | 'config'> & {
  readonly secrets: Pick<ServerContext['secrets'], 'audit'>;
};

const teamsAtOnce = 500;
/** Few enough that nobody waits long for the chain. */
const entriesAtOnce = 500;
const dayMs = 86_400_000;

/**
 * Removes entries that are older than they are to be kept: from the beginning of each chain only, so that what is left
 * still shows whether anything is missing. What was removed is an entry of the platform's log.
 */
export async function removeOldEntries(services: Services, signal: AbortSignal): Promise<void> {
  const { config, database, secrets } = services;
  if (config.auditDays === 0) return;
  const before = new Date(Date.now() - config.auditDays * dayMs);
  const key = chainKey(secrets.audit);
  for (let after: string | undefined; ; ) {
    const teams = await teamsWithChain(database, after, teamsAtOnce);
    for (const team of teams) {
      let isLeft = await hasOlder(database, team, before);
      while (isLeft && !signal.aborted) isLeft = await removeBatch(services, key, team, before);
    }
    after = teams.at(-1);
    if (after === undefined || signal.aborted) return;
  }
}

/** Without a lock: of most chains there is nothing to remove. */
async function hasOlder(database: Queryable, team: string, before: Date): Promise<boolean> {
  const first = await database
    .selectFrom('audit_entries')
    .select('created_at')
    .where('team_id', '=', team)
    .orderBy('number')
    .limit(1)
    .executeTakeFirst();
  return first !== undefined && first.created_at < before;
}

/** False where nothing was left to be removed. */
async function removeBatch(
  { database, recorder }: Services,
  key: KeyObject,
  team: string,
  before: Date,
): Promise<boolean> {
  return await database.transaction().execute(async (transaction) => {
    // In the order in which everybody locks chains: the platform's is the first of all.
    await lockChain(transaction, key, uuidFromId(platformTeam));
    const chain = await lockChain(transaction, key, team);
    const oldest = await entriesAfter(transaction, team, chain.removedNumber, entriesAtOnce);
    const old = leading(oldest, before).filter(({ facts }) => facts.number <= chain.number);
    const last = old.at(-1);
    if (last === undefined) return false;
    const walk = new ChainWalk(key, chain);
    const wrong = old.flatMap((entry) => walk.next(entry)).length;
    const { number } = last.facts;
    await transaction
      .deleteFrom('audit_entries')
      .where('team_id', '=', team)
      .where('number', '<=', String(number))
      .execute();
    await transaction
      .updateTable('audit_chains')
      .set(movedChain(key, chain, { removedNumber: number, removedDigest: last.digest }))
      .where('team_id', '=', team)
      .execute();
    await recorder.record(transaction, {
      teamId: platformTeam,
      actor: platformPart('retention'),
      what: 'audit.remove',
      resourceId: idFromUuid('team', team),
      // What did not verify is gone now, but not that it did not.
      status: wrong === 0 ? 'success' : 'warning',
      metadata: { removed: old.length, up_to: number, wrong },
    });
    return true;
  });
}

/** An old entry behind a younger one, as clocks that differ make it, waits for that one. */
function leading(entries: readonly StoredEntry[], before: Date): StoredEntry[] {
  const young = entries.findIndex(({ facts }) => !(new Date(facts.createdAt) < before));
  return entries.slice(0, young === -1 ? entries.length : young);
}

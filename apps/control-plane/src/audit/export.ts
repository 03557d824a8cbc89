import { Readable } from 'node:stream';
import { type TeamId, uuidFromId } from '@wrenn/core';
import type { Actor } from '../access/principal.ts';
import type { ServerContext } from '../server-context.ts';
import { type AuditEntry, entriesBetween } from './entry.ts';
import type { AuditFilter } from './filter.ts';
import { presentEntry } from './schemas.ts';
import { findChain } from './stored-entry.ts';

/** Looked at in one query, however few of them are wanted: none takes long, and memory stays flat. */
const atOnce = 1_000;

export interface ExportRequest {
  readonly teamId: TeamId;
  readonly actor: Actor;
  readonly filter: AuditFilter;
}

/**
 * The entries that there are by now as lines of JSON, oldest first, no faster than the client reads. The export itself
 * is the newest of them.
 */
export async function exportEntries(
  { database, recorder }: ServerContext,
  { teamId, actor, filter }: ExportRequest,
): Promise<Readable> {
  const { actorId, ...metadata } = filter;
  const personal: Record<string, string> = actorId === undefined ? {} : { actor_id: actorId };
  const chain = await database.transaction().execute(async (transaction) => {
    await recorder.record(transaction, { teamId, actor, what: 'audit.export', metadata, personal });
    return await findChain(transaction, uuidFromId(teamId));
  });
  const { number: end = 0, removedNumber = 0 } = chain ?? {};
  const lines = async function* (): AsyncGenerator<string> {
    for (let after = removedNumber; after < end; after += atOnce) {
      const range = { after, last: Math.min(after + atOnce, end) };
      const entries = await entriesBetween(database, teamId, filter, range);
      if (entries.length > 0) yield entries.map(line).join('');
    }
  };
  return Readable.from(lines(), { objectMode: false, highWaterMark: 64 * 1024 });
}

function line(entry: AuditEntry): string {
  return `${JSON.stringify(presentEntry(entry))}\n`;
}

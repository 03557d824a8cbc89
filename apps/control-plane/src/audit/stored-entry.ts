import { sql } from 'kysely';
import type { Queryable } from '../db/database.ts';
import { chainOf } from './chain.ts';
import type { ChainedFacts, ChainFacts, PersonalFacts } from './digest.ts';

export interface SealedChain extends ChainFacts {
  readonly seal: Buffer;
}

/** An entry with all that its digests are made from. */
export interface StoredEntry {
  readonly facts: ChainedFacts;
  readonly person: PersonalFacts;
  /** Null where the person was forgotten. */
  readonly salt: Buffer | null;
  readonly personalPart: Buffer;
  readonly digest: Buffer;
}

export async function findChain(database: Queryable, teamId: string): Promise<SealedChain | undefined> {
  const row = await database
    .selectFrom('audit_chains')
    .selectAll()
    .where('team_id', '=', teamId)
    .executeTakeFirst();
  return row && { ...chainOf(row), seal: row.seal };
}

/** Teams that have a chain, in a page of the order of their IDs. */
export async function teamsWithChain(
  database: Queryable,
  after: string | undefined,
  limit: number,
): Promise<string[]> {
  let query = database.selectFrom('audit_chains').select('team_id').orderBy('team_id').limit(limit);
  if (after !== undefined) query = query.where('team_id', '>', after);
  return (await query.execute()).map((row) => row.team_id);
}

const microseconds = sql<string>`to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')`;

/** The entries of a chain after `after`, first to last. */
export async function entriesAfter(
  database: Queryable,
  teamId: string,
  after: number,
  limit: number,
): Promise<StoredEntry[]> {
  const rows = await database
    .selectFrom('audit_entries')
    .selectAll()
    .select(microseconds.as('at'))
    .where('team_id', '=', teamId)
    .where('number', '>', String(after))
    .orderBy('number')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    facts: {
      teamId: row.team_id,
      id: row.id,
      number: Number(row.number),
      createdAt: `${withoutZeros(row.at)}Z`,
      actorType: row.actor_type,
      resourceType: row.resource_type,
      resourceId: row.resource_id,
      action: row.action,
      scope: row.scope,
      status: row.status,
      metadata: row.metadata,
    },
    person: { actorId: row.actor_id, actorName: row.actor_name, personal: row.personal },
    salt: row.personal_salt,
    personalPart: row.personal_digest,
    digest: row.digest,
  }));
}

/** Entries are written to the millisecond: one that says more was altered. */
function withoutZeros(time: string): string {
  return time.endsWith('000') ? time.slice(0, -3) : time;
}

import type { KeyObject } from 'node:crypto';
import { type Selectable, sql } from 'kysely';
import type { Queryable } from '../db/database.ts';
import type { Schema } from '../db/schema.ts';
import { type ChainFacts, chainSeal, noDigest } from './digest.ts';

type Row = Selectable<Schema['audit_chains']>;

/** A team's chain, which is nobody else's until the transaction is over. */
export interface LockedChain extends ChainFacts {
  readonly seal: Buffer;
}

export async function lockChain(
  transaction: Queryable,
  key: KeyObject,
  teamId: string,
): Promise<LockedChain> {
  const found = await lockRow(transaction, teamId);
  if (found !== undefined) return found;
  const empty = { teamId, number: 0, digest: noDigest, removedNumber: 0, removedDigest: noDigest };
  await transaction
    .insertInto('audit_chains')
    .values({ team_id: teamId, digest: noDigest, removed_digest: noDigest, seal: chainSeal(key, empty) })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const made = await lockRow(transaction, teamId);
  if (made === undefined) throw new TypeError('the chain of a team is gone while it is locked');
  return made;
}

async function lockRow(transaction: Queryable, teamId: string): Promise<LockedChain | undefined> {
  const row = await transaction
    .selectFrom('audit_chains')
    .selectAll()
    .where('team_id', '=', teamId)
    .forUpdate()
    .executeTakeFirst();
  return row && { ...chainOf(row), seal: row.seal };
}

export function chainOf(row: Omit<Row, 'seal'>): ChainFacts {
  return {
    teamId: row.team_id,
    number: Number(row.number),
    digest: row.digest,
    removedNumber: Number(row.removed_number),
    removedDigest: row.removed_digest,
  };
}

type Moved = Partial<Pick<ChainFacts, 'number' | 'digest' | 'removedNumber' | 'removedDigest'>>;

/** What the row of a chain says once an end of it has moved. */
export function movedChain(key: KeyObject, chain: LockedChain, moved: Moved) {
  const next = { ...chain, ...moved };
  // One that somebody has altered is not sealed anew: that would make their work whole.
  const isWhole = chainSeal(key, chain).equals(chain.seal);
  return {
    number: next.number,
    digest: next.digest,
    removed_number: next.removedNumber,
    removed_digest: next.removedDigest,
    seal: isWhole ? chainSeal(key, next) : sql<Buffer>`seal`,
  };
}

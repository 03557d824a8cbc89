import type { KeyObject } from 'node:crypto';
import { idFromUuid, type Secret, uuidFromId } from '@wrenn/core';
import { sql } from 'kysely';
import type { Queryable } from '../db/database.ts';
import { eventOf, insertWanted } from '../events/outbox.ts';
import type { Queues } from '../queues/queues.ts';
import { lockChain, movedChain } from './chain.ts';
import { type ChainFacts, chainKey } from './digest.ts';
import type { Happening } from './happening.ts';
import { nextEntry } from './next-entry.ts';
import { storableHappening } from './storable.ts';

/**
 * Writes to the audit log, and tells channels, in the transaction of the change itself: either both are there or
 * neither. The entries of a team are a chain, whose end is locked until the transaction is over: record last.
 */
export class Recorder {
  readonly #key: KeyObject;
  readonly #queues: Queues;

  constructor(key: Secret, queues: Queues) {
    this.#key = chainKey(key);
    this.#queues = queues;
  }

  async record(transaction: Queryable, ...happenings: readonly Happening[]): Promise<void> {
    const teams = Map.groupBy(happenings.map(storableHappening), ({ teamId }) => uuidFromId(teamId));
    // Whoever locks several chains does it in one order, so that two never wait for each other.
    const sorted = [...teams].toSorted(([a], [b]) => (a < b ? -1 : 1));
    for (const [teamId, ofTeam] of sorted) await this.#append(transaction, teamId, ofTeam);
  }

  async #append(transaction: Queryable, teamId: string, happenings: readonly Happening[]): Promise<void> {
    const chain = await lockChain(transaction, this.#key, teamId);
    let end: Pick<ChainFacts, 'number' | 'digest'> = chain;
    const rows = happenings.map((happening) => {
      const row = nextEntry(this.#key, teamId, end, happening);
      end = row;
      return row;
    });
    const events = happenings.flatMap((happening) => eventOf(happening) ?? []);
    // In one go: whoever waits for the chain waits for one query less.
    const { told } = await transaction
      .with('written', (query) => query.insertInto('audit_entries').values(rows))
      .with('told', () => sql<{ id: string }>`(${insertWanted(teamId, events)})`)
      .updateTable('audit_chains')
      .set(movedChain(this.#key, chain, { number: end.number, digest: end.digest }))
      .where('team_id', '=', teamId)
      .returning(sql<string[]>`array(select id::text from told)`.as('told'))
      .executeTakeFirstOrThrow();
    for (const id of told) await this.#queues.send(transaction, 'event', { id: idFromUuid('event', id) });
  }
}

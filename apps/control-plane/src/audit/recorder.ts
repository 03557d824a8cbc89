import { createSecretKey, type KeyObject, randomBytes, randomUUID } from 'node:crypto';
import { type Secret, uuidFromId } from '@wrenn/core';
import { sql } from 'kysely';
import type { Queryable } from '../db/database.ts';
import { writeEvent } from '../events/outbox.ts';
import type { Queues } from '../queues/queues.ts';
import { auditAction } from './actions.ts';
import { entryDigest, noDigest, personalDigest } from './digest.ts';
import type { Happening } from './happening.ts';

/**
 * Writes to the audit log, and tells channels, in the transaction of the change itself: either both are there or
 * neither. The entries of a team are a chain, whose end is locked until the transaction is over: record last.
 */
export class Recorder {
  readonly #key: KeyObject;
  readonly #queues: Queues;

  constructor(key: Secret, queues: Queues) {
    this.#key = createSecretKey(Buffer.from(key.reveal(), 'hex'));
    this.#queues = queues;
  }

  async record(transaction: Queryable, ...happenings: readonly Happening[]): Promise<void> {
    // Whoever locks several chains does it in one order, so that two never wait for each other.
    const sorted = happenings.toSorted((a, b) => (a.teamId < b.teamId ? -1 : a.teamId > b.teamId ? 1 : 0));
    for (const happening of sorted) await this.#append(transaction, happening);
    for (const happening of happenings) {
      await writeEvent(transaction, this.#queues, happening);
    }
  }

  async #append(transaction: Queryable, happening: Happening): Promise<void> {
    const teamId = uuidFromId(happening.teamId);
    const end = await lockChain(transaction, teamId);
    const { resource, action, scope } = auditAction(happening.what);
    const facts = {
      teamId,
      id: randomUUID(),
      number: end.number + 1,
      createdAt: new Date(),
      actorType: happening.actor.type,
      resourceType: resource,
      resourceId: happening.resourceId ?? null,
      action,
      scope,
      status: happening.status ?? 'success',
      metadata: happening.metadata ?? {},
    };
    const salt = randomBytes(16);
    const who = {
      actorId: happening.actor.type === 'system' ? null : happening.actor.id,
      actorName: happening.actor.name,
      personal: happening.personal ?? {},
    };
    const personal = personalDigest(this.#key, salt, who);
    const digest = entryDigest(this.#key, end.digest, personal, facts);
    await transaction
      .insertInto('audit_entries')
      .values({
        id: facts.id,
        team_id: teamId,
        number: facts.number,
        actor_type: facts.actorType,
        actor_id: who.actorId,
        actor_name: who.actorName,
        resource_type: facts.resourceType,
        resource_id: facts.resourceId,
        action: facts.action,
        scope: facts.scope,
        status: facts.status,
        metadata: JSON.stringify(facts.metadata),
        created_at: facts.createdAt,
        personal: JSON.stringify(who.personal),
        personal_salt: salt,
        personal_digest: personal,
        digest,
      })
      .execute();
    await transaction
      .updateTable('audit_chains')
      .set({ number: facts.number, digest })
      .where('team_id', '=', teamId)
      .execute();
  }
}

/** The end of a team's chain, which is nobody else's until the transaction is over. */
async function lockChain(
  transaction: Queryable,
  teamId: string,
): Promise<{ number: number; digest: Buffer }> {
  const row = await transaction
    .insertInto('audit_chains')
    .values({ team_id: teamId, digest: noDigest, removed_digest: noDigest })
    .onConflict((conflict) =>
      conflict.column('team_id').doUpdateSet({ number: sql<string>`audit_chains.number` }),
    )
    .returning(['number', 'digest'])
    .executeTakeFirstOrThrow();
  return { number: Number(row.number), digest: row.digest };
}

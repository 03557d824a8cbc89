import { type CapsuleId, idFromUuid, newId, type TeamId, uuidFromId } from '@wrenn/core';
import type { Selectable } from 'kysely';
import { z } from 'zod';
import { actorFrom } from '../access/stored-actor.ts';
import type { Queryable } from '../db/database.ts';
import type { Schema } from '../db/schema.ts';
import { isErrorCode, type Operation, type StoredOperation } from './operation.ts';

/** Of one capsule. */
const mostKept = 50;

const storedSteps = z.array(z.object({ name: z.string(), durationMs: z.number() }));
const storedFailure = z.object({ code: z.string().refine(isErrorCode), message: z.string() });
const storedReceipt = z.record(z.string(), z.unknown());

/** Adds one; the oldest go when the capsule has too many. */
export async function insertOperation(database: Queryable, operation: Operation): Promise<void> {
  const { capsuleId, teamId, jobId, failure, receipt } = operation;
  const capsule = uuidFromId(capsuleId);
  await database
    .with('forgotten', (query) =>
      query.deleteFrom('capsule_operations').where('id', 'in', (old) =>
        old
          .selectFrom('capsule_operations')
          .select('id')
          .where('capsule_id', '=', capsule)
          .orderBy('started_at', 'desc')
          .orderBy('id', 'desc')
          .offset(mostKept - 1),
      ),
    )
    .insertInto('capsule_operations')
    .values({
      id: uuidFromId(newId('operation')),
      capsule_id: capsule,
      team_id: uuidFromId(teamId),
      kind: operation.kind,
      actor: JSON.stringify(operation.actor),
      job_id: jobId === undefined ? null : uuidFromId(jobId),
      failure: failure === undefined ? null : JSON.stringify(failure),
      steps: JSON.stringify(operation.steps),
      still_ms: operation.stillMs ?? null,
      receipt: receipt === undefined ? null : JSON.stringify(receipt),
      started_at: operation.startedAt,
      finished_at: operation.finishedAt,
    })
    .execute();
}

/** Of a capsule, the newest first. */
export async function listOperations(
  database: Queryable,
  { teamId, capsuleId }: { readonly teamId: TeamId; readonly capsuleId: CapsuleId },
  limit: number,
): Promise<StoredOperation[]> {
  const rows = await database
    .selectFrom('capsule_operations')
    .selectAll()
    .where('capsule_id', '=', uuidFromId(capsuleId))
    .where('team_id', '=', uuidFromId(teamId))
    .orderBy('started_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
  return rows.map(fromRow);
}

function fromRow(row: Selectable<Schema['capsule_operations']>): StoredOperation {
  return {
    id: idFromUuid('operation', row.id),
    capsuleId: idFromUuid('capsule', row.capsule_id),
    teamId: idFromUuid('team', row.team_id),
    kind: row.kind,
    actor: actorFrom(row.actor),
    jobId: row.job_id === null ? undefined : idFromUuid('job', row.job_id),
    failure: row.failure === null ? undefined : storedFailure.parse(row.failure),
    steps: storedSteps.parse(row.steps),
    stillMs: row.still_ms ?? undefined,
    receipt: row.receipt === null ? undefined : storedReceipt.parse(row.receipt),
    startedAt: row.started_at,
    finishedAt: row.finished_at,
  };
}

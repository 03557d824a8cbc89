import { type CapsuleId, idFromUuid, type JobId, type TeamId, uuidFromId, WrennError } from '@wrenn/core';
import { type Selectable, sql } from 'kysely';
import type { Actor } from '../access/principal.ts';
import { actorFrom } from '../access/stored-actor.ts';
import type { Queryable } from '../db/database.ts';
import type { JobStatus, Schema } from '../db/schema.ts';
import { errorFrom } from '../db/stored-error.ts';

/** An operation that is written down before it begins, so that it ends though its process or its client dies. */
export interface Job {
  readonly id: JobId;
  readonly kind: string;
  readonly teamId: TeamId;
  /** Who asked for it. */
  readonly actor: Actor;
  readonly capsuleId: CapsuleId | undefined;
  readonly status: JobStatus;
  readonly request: unknown;
  readonly result: unknown;
  readonly error: WrennError | undefined;
  readonly steps: unknown;
  /** How often somebody took it over. */
  readonly attempts: number;
  readonly createdAt: Date;
  readonly finishedAt: Date | undefined;
}

export interface JobSpec {
  readonly kind: string;
  readonly teamId: TeamId;
  readonly actor: Actor;
  readonly capsuleId?: CapsuleId | undefined;
  /** What was asked for, as JSON; the same key with another request is refused. */
  readonly request: object;
  readonly idempotencyKey?: string | undefined;
}

export type RunningJob = Pick<Job, 'id' | 'kind' | 'teamId' | 'actor'> & Pick<JobSpec, 'capsuleId'>;

/** A process that does not renew it for so long is taken for dead. */
const leaseSec = 30;
export const renewEveryMs = 10_000;
const keepDays = 7;
const lease = sql<Date>`now() + make_interval(secs => ${sql.lit(leaseSec)})`;

/** False where the key is known, or another operation on the capsule runs. */
export async function insertJob(database: Queryable, id: JobId, spec: JobSpec): Promise<boolean> {
  const inserted = await database
    .insertInto('jobs')
    .values({
      id: uuidFromId(id),
      team_id: uuidFromId(spec.teamId),
      capsule_id: spec.capsuleId === undefined ? null : uuidFromId(spec.capsuleId),
      kind: spec.kind,
      actor: JSON.stringify(spec.actor),
      request: JSON.stringify(spec.request),
      idempotency_key: spec.idempotencyKey ?? null,
      lease_until: lease,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst();
  return inserted !== undefined;
}

export async function findJob(database: Queryable, teamId: TeamId, id: JobId): Promise<Job> {
  const row = await database
    .selectFrom('jobs')
    .selectAll()
    .where('id', '=', uuidFromId(id))
    .where('team_id', '=', uuidFromId(teamId))
    .executeTakeFirst();
  if (row === undefined) throw new WrennError('not_found', `no job ${id}`);
  return fromRow(row);
}

/** The job that a key stands for, and whether it was asked for with the same request. */
export async function findByKey(
  database: Queryable,
  { teamId, idempotencyKey, kind, capsuleId, request }: JobSpec,
): Promise<{ readonly id: JobId; readonly isSame: boolean } | undefined> {
  if (idempotencyKey === undefined) return undefined;
  const capsule = capsuleId === undefined ? null : uuidFromId(capsuleId);
  const row = await database
    .selectFrom('jobs')
    .select([
      'id',
      sql<boolean>`kind = ${kind} and request = ${JSON.stringify(request)}::jsonb
        and capsule_id is not distinct from ${capsule}::uuid`.as('is_same'),
    ])
    .where('team_id', '=', uuidFromId(teamId))
    .where('idempotency_key', '=', idempotencyKey)
    .executeTakeFirst();
  return row && { id: idFromUuid('job', row.id), isSame: row.is_same };
}

export async function findRunning(
  database: Queryable,
  capsuleId: CapsuleId,
): Promise<Pick<Job, 'id' | 'kind' | 'actor'> | undefined> {
  const row = await database
    .selectFrom('jobs')
    .select(['id', 'kind', 'actor'])
    .where('capsule_id', '=', uuidFromId(capsuleId))
    .where('status', '=', 'running')
    .executeTakeFirst();
  return row && { id: idFromUuid('job', row.id), kind: row.kind, actor: actorFrom(row.actor) };
}

export async function renewLease(database: Queryable, id: JobId): Promise<void> {
  await database
    .updateTable('jobs')
    .set({ lease_until: lease })
    .where('id', '=', uuidFromId(id))
    .where('status', '=', 'running')
    .execute();
}

export interface Ending {
  readonly status: Exclude<JobStatus, 'running'>;
  readonly result?: object;
  readonly error?: WrennError;
}

/** The first ending counts: undefined for any other. */
export async function endJob(
  database: Queryable,
  id: JobId,
  { status, result, error }: Ending,
): Promise<{ readonly startedAt: Date; readonly finishedAt: Date } | undefined> {
  const steps: unknown = result === undefined ? undefined : Reflect.get(result, 'steps');
  const row = await database
    .updateTable('jobs')
    .set({
      status,
      result: result === undefined ? null : JSON.stringify(result),
      error: error === undefined ? null : JSON.stringify(error),
      steps: JSON.stringify(Array.isArray(steps) ? steps : []),
      finished_at: sql`clock_timestamp()`,
    })
    .where('id', '=', uuidFromId(id))
    .where('status', '=', 'running')
    .returning(['created_at', 'finished_at'])
    .executeTakeFirst();
  return row && { startedAt: row.created_at, finishedAt: row.finished_at ?? row.created_at };
}

/** Takes over jobs that nobody works on any more. What another replica takes at the same moment is skipped. */
export async function claimAbandoned(database: Queryable, limit: number): Promise<Job[]> {
  const rows = await database
    .updateTable('jobs')
    .set({ lease_until: lease, attempts: sql`attempts + 1` })
    .where('id', 'in', (query) =>
      query
        .selectFrom('jobs')
        .select('id')
        .where('status', '=', 'running')
        .where('lease_until', '<', sql<Date>`now()`)
        .orderBy('lease_until')
        .limit(limit)
        .forUpdate()
        .skipLocked(),
    )
    .returningAll()
    .execute();
  return rows.map(fromRow);
}

/** After so long nobody repeats a request, and its key may be used for another. */
export async function removeOldJobs(database: Queryable): Promise<void> {
  await database
    .deleteFrom('jobs')
    .where('finished_at', '<', sql<Date>`now() - make_interval(days => ${sql.lit(keepDays)})`)
    .execute();
}

function fromRow(row: Selectable<Schema['jobs']>): Job {
  return {
    id: idFromUuid('job', row.id),
    kind: row.kind,
    teamId: idFromUuid('team', row.team_id),
    actor: actorFrom(row.actor),
    capsuleId: row.capsule_id === null ? undefined : idFromUuid('capsule', row.capsule_id),
    status: row.status,
    request: row.request,
    result: row.result ?? undefined,
    error: row.error === null ? undefined : errorFrom(row.error),
    steps: row.steps,
    attempts: row.attempts,
    createdAt: row.created_at,
    finishedAt: row.finished_at ?? undefined,
  };
}

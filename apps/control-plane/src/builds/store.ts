import { type BuildId, idFromUuid, type TeamId, type TemplateId, uuidFromId, WrennError } from '@wrenn/core';
import { type Selectable, sql } from 'kysely';
import { actorFrom } from '../access/stored-actor.ts';
import type { Queryable } from '../db/database.ts';
import type { Schema } from '../db/schema.ts';
import { errorFrom } from '../db/stored-error.ts';
import { type Build, buildRequest } from './build.ts';

/** A process that does not renew it for so long is taken for dead. */
const leaseSec = 30;
export const renewEveryMs = 5_000;
const lease = sql<Date>`now() + make_interval(secs => ${sql.lit(leaseSec)})`;

export interface NewBuild
  extends Pick<
    Build,
    'id' | 'teamId' | 'name' | 'request' | 'actor' | 'archiveId' | 'vcpus' | 'memoryMb' | 'totalSteps'
  > {
  /** Sealed. */
  readonly credentials: Buffer | undefined;
  /** The templates that it begins from, as it names them: they cannot be deleted before it is over. */
  readonly bases: readonly string[];
}

export async function insertBuild(database: Queryable, build: NewBuild): Promise<void> {
  await database
    .insertInto('builds')
    .values({
      id: uuidFromId(build.id),
      team_id: uuidFromId(build.teamId),
      name: build.name,
      request: JSON.stringify(build.request),
      actor: JSON.stringify(build.actor),
      credentials: build.credentials ?? null,
      archive_id: build.archiveId === undefined ? null : uuidFromId(build.archiveId),
      bases: [...build.bases],
      vcpus: build.vcpus,
      memory_mb: build.memoryMb,
      total_steps: build.totalSteps,
    })
    .execute();
}

/** `not_found` for another team's too. */
export async function findBuild(database: Queryable, teamId: TeamId, id: BuildId): Promise<Build> {
  const row = await database
    .selectFrom('builds')
    .selectAll()
    .where('id', '=', uuidFromId(id))
    .where('team_id', '=', uuidFromId(teamId))
    .executeTakeFirst();
  if (row === undefined) throw new WrennError('not_found', `no build ${id}`);
  return fromRow(row);
}

export interface Page {
  readonly limit: number;
  /** The last build of the page before. */
  readonly after: BuildId | undefined;
}

/** A team's builds, newest first. */
export async function listBuilds(database: Queryable, teamId: TeamId, page: Page): Promise<Build[]> {
  let query = database
    .selectFrom('builds')
    .selectAll()
    .where('team_id', '=', uuidFromId(teamId))
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit);
  if (page.after !== undefined) {
    const last = uuidFromId(page.after);
    query = query.where(
      sql<boolean>`(created_at, id) < (select created_at, id from builds where id = ${last})`,
    );
  }
  return (await query.execute()).map(fromRow);
}

/** How many of a team's builds are not over. */
export async function countOpen(database: Queryable, teamId: TeamId): Promise<number> {
  const { open } = await database
    .selectFrom('builds')
    .select(sql<number>`count(*)::int`.as('open'))
    .where('team_id', '=', uuidFromId(teamId))
    .where('status', 'in', ['pending', 'running'])
    .executeTakeFirstOrThrow();
  return open;
}

/**
 * Takes up the build that has waited longest, or one that nobody works on any more. What another replica takes at the
 * same moment is skipped. The sealed credentials come with it.
 */
export async function claimBuild(
  database: Queryable,
): Promise<{ readonly build: Build; readonly credentials: Buffer | undefined } | undefined> {
  const row = await database
    .updateTable('builds')
    .set({
      status: 'running',
      lease_until: lease,
      attempts: sql`attempts + 1`,
      started_at: sql`coalesce(started_at, now())`,
    })
    .where('id', '=', (query) =>
      query
        .selectFrom('builds')
        .select('id')
        .where(({ eb, or, and }) =>
          or([
            eb('status', '=', 'pending'),
            and([eb('status', '=', 'running'), eb('lease_until', '<', sql<Date>`now()`)]),
          ]),
        )
        .orderBy('created_at')
        .limit(1)
        .forUpdate()
        .skipLocked(),
    )
    .returningAll()
    .executeTakeFirst();
  return row && { build: fromRow(row), credentials: row.credentials ?? undefined };
}

/** Tells other replicas that somebody works on it. Whether it still is to be done. */
export async function renewBuild(
  database: Queryable,
  id: BuildId,
): Promise<'goes on' | 'cancelled' | 'lost'> {
  const row = await database
    .updateTable('builds')
    .set({ lease_until: lease })
    .where('id', '=', uuidFromId(id))
    .where('status', '=', 'running')
    .returning('cancel_asked_at')
    .executeTakeFirst();
  if (row === undefined) return 'lost';
  return row.cancel_asked_at === null ? 'goes on' : 'cancelled';
}

/** Whoever looks next takes it up. */
export async function giveBack(database: Queryable, id: BuildId): Promise<void> {
  await database
    .updateTable('builds')
    .set({ lease_until: sql<Date>`now() - interval '1 second'` })
    .where('id', '=', uuidFromId(id))
    .where('status', '=', 'running')
    .execute();
}

export async function noteProgress(
  database: Queryable,
  id: BuildId,
  progress: { readonly currentStep: number; readonly totalSteps: number },
): Promise<void> {
  await database
    .updateTable('builds')
    .set({ current_step: progress.currentStep, total_steps: progress.totalSteps })
    .where('id', '=', uuidFromId(id))
    .execute();
}

export type BuildEnding =
  | { readonly status: 'success'; readonly templateId: TemplateId }
  | { readonly status: 'failed' | 'cancelled'; readonly error: WrennError };

/** The first ending counts: false for any other. Secrets go with it. */
export async function endBuild(database: Queryable, id: BuildId, ending: BuildEnding): Promise<boolean> {
  const { numUpdatedRows } = await database
    .updateTable('builds')
    .set({
      status: ending.status,
      error: ending.status === 'success' ? null : JSON.stringify(ending.error),
      template_id: ending.status === 'success' ? uuidFromId(ending.templateId) : null,
      credentials: null,
      lease_until: null,
      completed_at: sql`now()`,
    })
    .where('id', '=', uuidFromId(id))
    .where('status', 'in', ['pending', 'running'])
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Whoever works on a build hears of it with its next renewal. */
export async function askToCancel(database: Queryable, id: BuildId): Promise<void> {
  await database
    .updateTable('builds')
    .set({ cancel_asked_at: sql`coalesce(cancel_asked_at, now())` })
    .where('id', '=', uuidFromId(id))
    .execute();
}

function fromRow(row: Selectable<Schema['builds']>): Build {
  return {
    id: idFromUuid('build', row.id),
    teamId: idFromUuid('team', row.team_id),
    name: row.name,
    request: buildRequest.parse(row.request),
    actor: actorFrom(row.actor),
    archiveId: row.archive_id === null ? undefined : idFromUuid('archive', row.archive_id),
    vcpus: row.vcpus,
    memoryMb: row.memory_mb,
    status: row.status,
    currentStep: row.current_step,
    totalSteps: row.total_steps,
    error: row.error === null ? undefined : errorFrom(row.error),
    templateId: row.template_id === null ? undefined : idFromUuid('template', row.template_id),
    isCancelAsked: row.cancel_asked_at !== null,
    attempts: row.attempts,
    createdAt: row.created_at,
    startedAt: row.started_at ?? undefined,
    completedAt: row.completed_at ?? undefined,
  };
}

/** Whether nobody has taken it up. */
export async function isWaiting(database: Queryable, id: BuildId): Promise<boolean> {
  const row = await database
    .selectFrom('builds')
    .select('id')
    .where('id', '=', uuidFromId(id))
    .where('status', '=', 'pending')
    .executeTakeFirst();
  return row !== undefined;
}

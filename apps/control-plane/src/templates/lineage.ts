import { type BuildId, idFromUuid, type TeamId, type TemplateId, uuidFromId, zeroId } from '@wrenn/core';
import { sql } from 'kysely';
import type { Actor } from '../access/principal.ts';
import { actorFrom } from '../access/stored-actor.ts';
import type { Queryable } from '../db/database.ts';
import type { Template } from './template.ts';

/** What a version was made from, as far as a team may know of it. */
export interface Ancestor {
  readonly id: TemplateId;
  /** Undefined for another team's that is not public. */
  readonly known: { readonly name: string; readonly team: string } | undefined;
  readonly buildId: BuildId | undefined;
  readonly isDeleted: boolean;
  readonly createdAt: Date;
}

export interface Lineage {
  /** The nearest first, up to the base. */
  readonly parents: readonly Ancestor[];
  /** How many versions were made from it that are there. */
  readonly children: number;
  /** What follows is for its own team. */
  readonly buildId: BuildId | undefined;
  readonly madeBy: Actor | undefined;
}

const mostParents = 100;

/** Where a version comes from and what came of it, as a team may know it. */
export async function lineageOf(database: Queryable, template: Template, teamId: TeamId): Promise<Lineage> {
  const isOwn = template.teamId === teamId;
  const [parents, children, making] = await Promise.all([
    parentsOf(database, template.id, teamId),
    countChildren(database, template.id, isOwn ? undefined : teamId),
    isOwn ? makingOf(database, template.id) : undefined,
  ]);
  return { parents, children, buildId: making?.buildId, madeBy: making?.madeBy };
}

async function parentsOf(database: Queryable, id: TemplateId, teamId: TeamId): Promise<Ancestor[]> {
  const { rows } = await sql<{
    id: string;
    name: string;
    team_id: string;
    slug: string;
    build_id: string | null;
    deleted_at: Date | null;
    created_at: Date;
    is_public: boolean;
  }>`
    with recursive line as (
      select parent_id, 1 as distance from templates where id = ${uuidFromId(id)}
      union all
      select parent.parent_id, distance + 1
        from line join templates parent on parent.id = line.parent_id
       where distance < ${mostParents}
    )
    select parent.id, parent.name, parent.team_id, owner.slug, parent.build_id, parent.deleted_at, parent.created_at,
           parent.deleted_at is null and exists (
             select from template_names named
              where named.team_id = parent.team_id and named.name = parent.name and named.visibility = 'public'
           ) as is_public
      from line
      join templates parent on parent.id = line.parent_id
      join teams owner on owner.id = parent.team_id
     order by distance
  `.execute(database);
  return rows.map((row) => {
    const owner = idFromUuid('team', row.team_id);
    const isOwn = owner === teamId;
    const isKnown = isOwn || owner === zeroId('team') || row.is_public;
    return {
      id: idFromUuid('template', row.id),
      known: isKnown ? { name: row.name, team: row.slug } : undefined,
      buildId: isOwn && row.build_id !== null ? idFromUuid('build', row.build_id) : undefined,
      isDeleted: row.deleted_at !== null,
      createdAt: row.created_at,
    };
  });
}

async function countChildren(database: Queryable, id: TemplateId, only: TeamId | undefined): Promise<number> {
  let query = database
    .selectFrom('templates')
    .select(sql<number>`count(*)::int`.as('children'))
    .where('parent_id', '=', uuidFromId(id))
    .where('deleted_at', 'is', null)
    .where('ready_at', 'is not', null)
    .where('layer_key', 'is', null);
  if (only !== undefined) query = query.where('team_id', '=', uuidFromId(only));
  return (await query.executeTakeFirstOrThrow()).children;
}

/** The build that made it, or the job, and who asked for that. Neither is kept for ever. */
async function makingOf(
  database: Queryable,
  id: TemplateId,
): Promise<{ readonly buildId: BuildId | undefined; readonly madeBy: Actor | undefined }> {
  const row = await database
    .selectFrom('templates as template')
    .leftJoin('builds as build', 'build.id', 'template.build_id')
    // A job that makes a snapshot has the same number.
    .leftJoin('jobs as job', 'job.id', 'template.snapshot_id')
    .select(['template.build_id', 'build.actor as builder', 'job.actor as maker'])
    .where('template.id', '=', uuidFromId(id))
    .executeTakeFirst();
  const actor = row?.builder ?? row?.maker ?? undefined;
  return {
    buildId: row?.build_id == null ? undefined : idFromUuid('build', row.build_id),
    madeBy: actor === undefined ? undefined : actorFrom(actor),
  };
}

import { idFromUuid, type TeamId, type TemplateId, uuidFromId, zeroId } from '@wrenn/core';
import { sql } from 'kysely';
import { overStates } from '../capsules/list.ts';
import type { Queryable } from '../db/database.ts';
import type { Template } from './template.ts';

/** Where a version is in the tree of all that were made from each other, as a team may know it. */
export interface PlaceInTree {
  /** The nearest that has a name: steps of builds in between are left out. */
  readonly parent: Parent | undefined;
  /** The team's capsules that were made from it and are not over. */
  readonly capsules: number;
}

interface Parent {
  readonly id: TemplateId;
  /** Undefined for another team's that is not public. */
  readonly name: string | undefined;
  readonly isDeleted: boolean;
}

const mostSteps = 200;

/** In two queries, however many there are. */
export async function placesInTree(
  database: Queryable,
  teamId: TeamId,
  templates: readonly Pick<Template, 'id'>[],
): Promise<(template: Pick<Template, 'id'>) => PlaceInTree> {
  const ids = templates.map(({ id }) => uuidFromId(id));
  const [parents, capsules] = await Promise.all([
    parentsOf(database, teamId, ids),
    countCapsules(database, teamId, ids),
  ]);
  return ({ id }) => ({ parent: parents.get(uuidFromId(id)), capsules: capsules.get(uuidFromId(id)) ?? 0 });
}

async function parentsOf(
  database: Queryable,
  teamId: TeamId,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Parent>> {
  const { rows } = await sql<{ child: string; id: string; name: string | null; is_deleted: boolean }>`
    with recursive line as (
      select id as child, parent_id, 1 as distance from templates where id = any (${ids}::uuid[])
      union all
      select line.child, step.parent_id, distance + 1
        from line join templates step on step.id = line.parent_id
       where step.layer_key is not null and distance < ${mostSteps}
    )
    select line.child, parent.id, parent.deleted_at is not null as is_deleted,
           case when parent.team_id in (${uuidFromId(teamId)}, ${uuidFromId(zeroId('team'))})
                  or parent.deleted_at is null and exists (
                       select from template_names named
                        where named.team_id = parent.team_id and named.name = parent.name
                          and named.visibility = 'public')
                then parent.name end as name
      from line join templates parent on parent.id = line.parent_id
     where parent.layer_key is null
  `.execute(database);
  return new Map(
    rows.map((row) => [
      row.child,
      { id: idFromUuid('template', row.id), name: row.name ?? undefined, isDeleted: row.is_deleted },
    ]),
  );
}

async function countCapsules(
  database: Queryable,
  teamId: TeamId,
  ids: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await database
    .selectFrom('capsules')
    .select(['template_id', sql<number>`count(*)::int`.as('count')])
    .where('team_id', '=', uuidFromId(teamId))
    .where('template_id', '=', sql<string>`any (${ids}::uuid[])`)
    .where('status', 'not in', overStates)
    .groupBy('template_id')
    .execute();
  return new Map(rows.map((row) => [row.template_id, row.count]));
}

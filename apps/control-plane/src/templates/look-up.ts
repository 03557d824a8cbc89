import { type TeamId, uuidFromId, zeroId } from '@wrenn/core';
import type { Selectable } from 'kysely';
import type { Queryable } from '../db/database.ts';
import type { Schema } from '../db/schema.ts';
import { lookUpFamily } from './family.ts';
import { parseReference, usualTag } from './reference.ts';

type Row = Selectable<Schema['templates']>;

/**
 * The version that a team means, ready or not: its own, else the platform's; a public one of another team by the slug
 * of that team, or by its ID. Undefined where there is none for it.
 */
export async function lookUp(database: Queryable, teamId: TeamId, text: string): Promise<Row | undefined> {
  const reference = parseReference(text);
  if (reference === undefined) return undefined;
  const live = database
    .selectFrom('templates as template')
    .selectAll('template')
    .where('template.deleted_at', 'is', null)
    .where('template.layer_key', 'is', null);
  if (reference.kind === 'name') {
    const family = await lookUpFamily(database, teamId, reference);
    if (family === undefined) return undefined;
    return await live
      .innerJoin('template_tags as tag', 'tag.template_id', 'template.id')
      .where('tag.team_id', '=', family.teamUuid)
      .where('tag.name', '=', family.name)
      .where('tag.tag', '=', reference.tag ?? usualTag)
      .executeTakeFirst();
  }
  const column = reference.kind === 'snapshot' ? 'template.snapshot_id' : 'template.id';
  return await live
    .where(column, '=', uuidFromId(reference.id))
    .where(({ eb, or, exists, selectFrom }) =>
      or([
        eb('template.team_id', 'in', [uuidFromId(teamId), uuidFromId(zeroId('team'))]),
        exists(
          selectFrom('template_names as named')
            .select('named.name')
            .whereRef('named.team_id', '=', 'template.team_id')
            .whereRef('named.name', '=', 'template.name')
            .where('named.visibility', '=', 'public'),
        ),
      ]),
    )
    .executeTakeFirst();
}

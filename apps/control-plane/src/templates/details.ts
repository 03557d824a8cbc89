import { type TeamId, type TemplateId, uuidFromId, WrennError, zeroId } from '@wrenn/core';
import { sql } from 'kysely';
import type { Queryable } from '../db/database.ts';
import type { Visibility } from '../db/schema.ts';
import { templateFrom } from './store.ts';
import type { Template } from './template.ts';

/** A version with what its template as a whole is. */
export interface TemplateDetails {
  readonly template: Template;
  /** The slug of its team. */
  readonly team: string;
  readonly visibility: Visibility;
  readonly tags: readonly string[];
  readonly aliases: readonly string[];
}

export interface TemplateFilter {
  readonly type: Template['type'] | undefined;
  /** Undefined: the team's own and the platform's, whoever can use them. */
  readonly visibility: Visibility | undefined;
  readonly limit: number;
  /** The last of the page before. */
  readonly after: TemplateId | undefined;
}

/** What a team can use, newest first. */
export async function listDetails(
  database: Queryable,
  teamId: TeamId,
  { type, visibility, limit, after }: TemplateFilter,
): Promise<TemplateDetails[]> {
  const [team, platform] = [uuidFromId(teamId), uuidFromId(zeroId('team'))];
  let query = details(database)
    .orderBy('template.created_at', 'desc')
    .orderBy('template.id', 'desc')
    .limit(limit);
  if (visibility === undefined) query = query.where('template.team_id', 'in', [team, platform]);
  if (visibility === 'team') {
    query = query
      .where('template.team_id', '=', team)
      .where('template.team_id', '!=', platform)
      .where('named.visibility', '=', 'team');
  }
  if (visibility === 'public') {
    query = query.where(({ eb, or }) =>
      or([eb('named.visibility', '=', 'public'), eb('template.team_id', '=', platform)]),
    );
  }
  if (type !== undefined) query = query.where('template.type', '=', type);
  if (after !== undefined) {
    const last = uuidFromId(after);
    query = query.where(
      sql<boolean>`(template.created_at, template.id) < (select created_at, id from templates where id = ${last})`,
    );
  }
  return (await query.execute()).map(fromRow);
}

/** Of a version that was found. */
export async function detailsOf(database: Queryable, { id, name }: Template): Promise<TemplateDetails> {
  const row = await details(database).where('template.id', '=', uuidFromId(id)).executeTakeFirst();
  if (row !== undefined) return fromRow(row);
  throw new WrennError('not_found', `the template ${name} was deleted meanwhile`, { field: 'name' });
}

type DetailsRow = Awaited<ReturnType<ReturnType<typeof details>['executeTakeFirstOrThrow']>>;

/** Versions that are there; layers have no name that is known, and are not among them. */
function details(database: Queryable) {
  return database
    .selectFrom('templates as template')
    .innerJoin('template_names as named', (join) =>
      join.onRef('named.team_id', '=', 'template.team_id').onRef('named.name', '=', 'template.name'),
    )
    .innerJoin('teams as owner', 'owner.id', 'template.team_id')
    .selectAll('template')
    .select(['owner.slug', 'named.visibility'])
    .select([
      sql<string[]>`array(
        select tag from template_tags where template_id = template.id order by tag
      )`.as('tags'),
      sql<string[]>`array(
        select name from template_names
         where team_id = template.team_id and alias_of = template.name order by name
      )`.as('aliases'),
    ])
    .where('template.deleted_at', 'is', null)
    .where('template.ready_at', 'is not', null);
}

function fromRow(row: DetailsRow): TemplateDetails {
  const template = templateFrom(row);
  return {
    template,
    team: row.slug,
    // What the platform has is for all teams, whatever is said of it.
    visibility: template.teamId === zeroId('team') ? 'public' : row.visibility,
    tags: row.tags,
    aliases: row.aliases,
  };
}

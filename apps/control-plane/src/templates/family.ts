import { type TeamId, uuidFromId, WrennError, zeroId } from '@wrenn/core';
import { sql } from 'kysely';
import type { Queryable } from '../db/database.ts';
import type { Visibility } from '../db/schema.ts';

/** A template with all its versions: what a name without a tag stands for. */
export interface Family {
  readonly teamUuid: string;
  readonly name: string;
  readonly visibility: Visibility;
  /** Whether it was called by another name of it. */
  readonly isAlias: boolean;
}

const platform = uuidFromId(zeroId('team'));

/** What a team calls by a name or an alias: its own, else the platform's; another team's by the slug of that. */
export async function lookUpFamily(
  database: Queryable,
  teamId: TeamId,
  { team, name }: { readonly team: string | undefined; readonly name: string },
): Promise<Family | undefined> {
  const ours = [uuidFromId(teamId), platform];
  const called = database
    .selectFrom('template_names as called')
    .innerJoin('template_names as named', (join) =>
      join
        .onRef('named.team_id', '=', 'called.team_id')
        .on('named.name', '=', sql<string>`coalesce(called.alias_of, called.name)`),
    )
    .select(['named.team_id', 'named.name', 'named.visibility', 'called.alias_of'])
    .where('called.name', '=', name)
    .orderBy((order) => order('called.team_id', '=', uuidFromId(teamId)), 'desc');
  const seen =
    team === undefined
      ? called.where('called.team_id', 'in', ours)
      : called
          .innerJoin('teams as owner', 'owner.id', 'called.team_id')
          .where('owner.slug', '=', team)
          .where(({ eb, or }) =>
            or([eb('called.team_id', 'in', ours), eb('named.visibility', '=', 'public')]),
          );
  const row = await seen.executeTakeFirst();
  if (row === undefined) return undefined;
  return {
    teamUuid: row.team_id,
    name: row.name,
    visibility: row.visibility,
    isAlias: row.alias_of !== null,
  };
}

/** Throws where a template is not this team's. */
export function refuseOthers(name: string, owner: TeamId, teamId: TeamId): void {
  if (owner === teamId) return;
  const whose = owner === zeroId('team') ? 'of the platform' : 'of another team';
  throw new WrennError('forbidden', `${name} is a template ${whose}`, { field: 'name' });
}

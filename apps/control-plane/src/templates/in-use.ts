import { type BuildId, idFromUuid, type TeamId, uuidFromId, WrennError, zeroId } from '@wrenn/core';
import { sql } from 'kysely';
import type { Queryable } from '../db/database.ts';
import { lookUp } from './look-up.ts';
import type { FamilyKey } from './versions.ts';

/** A build that is not over, and one of the templates that it begins from, as its recipe says it. */
interface Use {
  readonly build: BuildId;
  readonly teamId: TeamId;
  readonly base: string;
}

/**
 * Changes which versions of a template there are, unless a build that waits or runs would miss the one that it begins
 * from: then it throws, which undoes the transaction. Builds of other teams do not count for a public template, whose
 * owner they could keep from taking it back; for the platform's all do.
 */
export async function keepingBases<T>(
  transaction: Queryable,
  family: FamilyKey,
  change: () => Promise<T>,
): Promise<T> {
  const uses = await usesOf(transaction, family);
  const result = await change();
  for (const { build, teamId, base } of uses) {
    if ((await lookUp(transaction, teamId, base)) !== undefined) continue;
    throw new WrennError('snapshot_in_use', `the build ${build} begins from ${base}`, {
      field: 'name',
      remedy: 'wait until that build is over, or cancel it',
    });
  }
  return result;
}

async function usesOf(transaction: Queryable, { teamUuid, name }: FamilyKey): Promise<Use[]> {
  const isPlatform = teamUuid === uuidFromId(zeroId('team'));
  const uses: Use[] = [];
  for (const use of await mentions(transaction, await wordsFor(transaction, { teamUuid, name }))) {
    if (!isPlatform && uuidFromId(use.teamId) !== teamUuid) continue;
    const meant = await lookUp(transaction, use.teamId, use.base);
    if (meant?.team_id === teamUuid && meant.name === name) uses.push(use);
  }
  return uses;
}

/** All that can stand between the slug and the tag of a reference to the template. */
async function wordsFor(transaction: Queryable, { teamUuid, name }: FamilyKey): Promise<string[]> {
  const aliases = await transaction
    .selectFrom('template_names')
    .select('name')
    .where('team_id', '=', teamUuid)
    .where('alias_of', '=', name)
    .execute();
  const versions = await transaction
    .selectFrom('templates')
    .select(['id', 'snapshot_id'])
    .where('team_id', '=', teamUuid)
    .where('name', '=', name)
    .where('deleted_at', 'is', null)
    .execute();
  const ids = versions.flatMap(({ id, snapshot_id: snapshot }) => [
    idFromUuid('template', id),
    ...(snapshot === null ? [] : [idFromUuid('snapshot', snapshot)]),
  ]);
  return [name, ...aliases.map((alias) => alias.name), ...ids];
}

async function mentions(transaction: Queryable, words: readonly string[]): Promise<Use[]> {
  // IDs may be written without their hyphen.
  const wanted = words.flatMap((word) => [word, word.replace('-', '')]);
  const { rows } = await sql<{ id: string; team: string; base: string }>`
    select build.id, build.team_id as team, base
      from builds build, unnest(build.bases) base
     where build.status in ('pending', 'running')
       and split_part(substring(base from '[^/]*$'), ':', 1) = any(${wanted})
     order by build.created_at, build.id, base
  `.execute(transaction);
  return rows.map(({ id, team, base }) => ({
    build: idFromUuid('build', id),
    teamId: idFromUuid('team', team),
    base,
  }));
}

import { type TeamId, type TemplateId, uuidFromId, WrennError } from '@wrenn/core';
import { type Selectable, sql } from 'kysely';
import type { Queryable } from '../db/database.ts';
import type { Schema } from '../db/schema.ts';
import type { Family } from './family.ts';

/** Which template a change is of. */
export type FamilyKey = Pick<Family, 'teamUuid' | 'name'>;
type Row = Selectable<Schema['templates']>;

/** Takes a name for what is about to be made. False where it is taken, be it as an alias: of two at once, one gets it. */
export async function takeName(transaction: Queryable, { teamUuid, name }: FamilyKey): Promise<boolean> {
  const taken = await transaction
    .insertInto('template_names')
    .values({ team_id: teamUuid, name, alias_of: null })
    .onConflict((conflict) => conflict.doNothing())
    .returning('name')
    .executeTakeFirst();
  return taken !== undefined;
}

/** Whoever changes the versions of a template has it to themselves. False where there is none. */
export async function lockFamily(transaction: Queryable, { teamUuid, name }: FamilyKey): Promise<boolean> {
  const row = await transaction
    .selectFrom('template_names')
    .select('name')
    .where('team_id', '=', teamUuid)
    .where('name', '=', name)
    .where('alias_of', 'is', null)
    .forUpdate()
    .executeTakeFirst();
  return row !== undefined;
}

/** From now on these tags name this version. Returns the versions that were deleted, since nothing names them any more. */
export async function moveTags(
  transaction: Queryable,
  { teamUuid, name }: FamilyKey,
  tags: readonly string[],
  id: TemplateId,
): Promise<Row[]> {
  await transaction
    .insertInto('template_tags')
    .values(tags.map((tag) => ({ team_id: teamUuid, name, tag, template_id: uuidFromId(id) })))
    .onConflict((conflict) =>
      conflict.columns(['team_id', 'name', 'tag']).doUpdateSet((excluded) => ({
        template_id: excluded.ref('excluded.template_id'),
        created_at: excluded.ref('excluded.created_at'),
      })),
    )
    .execute();
  return await dropUntagged(transaction, { teamUuid, name });
}

/** Deletes the versions that have no tag. Their rows stay for the capsules that name them. */
export async function dropUntagged(transaction: Queryable, { teamUuid, name }: FamilyKey): Promise<Row[]> {
  return await transaction
    .updateTable('templates')
    .set({ deleted_at: sql`now()` })
    .where('team_id', '=', teamUuid)
    .where('name', '=', name)
    .where('deleted_at', 'is', null)
    .where('layer_key', 'is', null)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('template_tags as tag')
            .select('tag.tag')
            .whereRef('tag.template_id', '=', 'templates.id'),
        ),
      ),
    )
    .returningAll()
    .execute();
}

/** Takes all tags from a version; with the last of them the template's name is free. */
export async function untag(transaction: Queryable, family: FamilyKey, id: TemplateId): Promise<Row[]> {
  await transaction.deleteFrom('template_tags').where('template_id', '=', uuidFromId(id)).execute();
  const dropped = await dropUntagged(transaction, family);
  await dropEmptyFamily(transaction, family);
  return dropped;
}

/** Frees the name, and the aliases with it, where there is no version any more. */
export async function dropEmptyFamily(transaction: Queryable, { teamUuid, name }: FamilyKey): Promise<void> {
  await transaction
    .deleteFrom('template_names as named')
    .where('named.team_id', '=', teamUuid)
    .where('named.name', '=', name)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('template_tags as tag')
            .select('tag.tag')
            .whereRef('tag.team_id', '=', 'named.team_id')
            .whereRef('tag.name', '=', 'named.name'),
        ),
      ),
    )
    .execute();
}

/** The template that a name or an alias of it stands for, locked; made where there is none. */
export async function ensureFamily(transaction: Queryable, teamId: TeamId, name: string): Promise<FamilyKey> {
  const team = uuidFromId(teamId);
  const called = await transaction
    .selectFrom('template_names')
    .select('alias_of')
    .where('team_id', '=', team)
    .where('name', '=', name)
    .executeTakeFirst();
  const family = { teamUuid: team, name: called?.alias_of ?? name };
  await takeName(transaction, family);
  if (await lockFamily(transaction, family)) return family;
  throw new WrennError('conflict', `${name} became another name of a template meanwhile`, {
    remedy: 'try again',
  });
}

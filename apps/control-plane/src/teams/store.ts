import { randomBytes } from 'node:crypto';
import { idFromUuid, newId, type TeamId, type UserId, uuidFromId, WrennError } from '@wrenn/core';
import { sql } from 'kysely';
import type { Queryable } from '../db/database.ts';

const defaultSlug = 'default';

/** The team that a new installation begins with. */
export async function ensureDefaultTeam(database: Queryable): Promise<TeamId> {
  await database
    .insertInto('teams')
    .values({ id: uuidFromId(newId('team')), name: 'Default', slug: defaultSlug })
    .onConflict((conflict) => conflict.column('slug').doNothing())
    .execute();
  const row = await database
    .selectFrom('teams')
    .select('id')
    .where('slug', '=', defaultSlug)
    .executeTakeFirstOrThrow();
  return idFromUuid('team', row.id);
}

export interface NewTeam {
  readonly name: string;
  readonly ownerId: UserId;
}

/** A team with its owner. It is the one that they begin a session with, if they have no such team yet. */
export async function createTeam(transaction: Queryable, { name, ownerId }: NewTeam): Promise<TeamId> {
  const id = newId('team');
  const slug = randomBytes(6).toString('hex').replace(/^.{6}/, '$&-');
  await transaction
    .insertInto('teams')
    .values({ id: uuidFromId(id), name, slug })
    .execute();
  const { rows } = await sql<{ id: string }>`
    insert into memberships (team_id, user_id, role, is_default)
    select ${uuidFromId(id)}, id, 'owner', not exists (select from memberships where user_id = users.id and is_default)
      from users where id = ${uuidFromId(ownerId)}
    returning team_id`.execute(transaction);
  if (rows.length === 0) throw new WrennError('not_found', `no user ${ownerId}`);
  return id;
}

/** Makes the user the owner of the team that the installation began with, if nobody is in it and it is still there. */
export async function adoptDefaultTeam(transaction: Queryable, ownerId: UserId): Promise<void> {
  await sql`
    insert into memberships (team_id, user_id, role, is_default)
    select id, ${uuidFromId(ownerId)}, 'owner',
           not exists (select from memberships where user_id = ${uuidFromId(ownerId)} and is_default)
      from teams
     where slug = ${defaultSlug} and deleted_at is null
       and not exists (select from memberships where team_id = teams.id)`.execute(transaction);
}

import { idFromUuid } from '@wrenn/core';
import { type SqlBool, sql } from 'kysely';
import { z } from 'zod';
import type { Queryable } from '../db/database.ts';
import { containing, idBegins } from '../db/search.ts';
import { type Asked, pageFields, presentPage, rowsOf } from './pages.ts';
import { platformUuid } from './platform.ts';

const time = z.string().meta({ format: 'date-time' });

const teamBody = z
  .object({
    id: z.string(),
    name: z.string(),
    slug: z.string(),
    is_byoc: z.boolean(),
    created_at: time,
    deleted_at: time.optional(),
    member_count: z.int(),
    owner_name: z.string().optional(),
    owner_email: z.string().optional(),
    active_sandbox_count: z.int().describe('Of capsules that are neither stopped nor failed.'),
    channel_count: z.int(),
  })
  .meta({ id: 'AdminTeam' });

export const teamPageBody = z.object({ teams: z.array(teamBody), ...pageFields });

interface Row {
  id: string;
  name: string;
  slug: string;
  is_byoc: boolean;
  created_at: Date;
  deleted_at: Date | null;
  member_count: number;
  owner_name: string | null;
  owner_email: string | null;
  active_sandbox_count: number;
  channel_count: number;
}

/** Teams that are or were there and fit, newest first; the platform's is none of them. */
export async function listTeams(
  database: Queryable,
  { page, q }: Asked,
): Promise<z.output<typeof teamPageBody>> {
  const { limit, offset } = rowsOf(page);
  const fits = fitting(q);
  const { rows } = await sql<Row>`
    select team.id, team.name, team.slug, team.is_byoc, team.created_at, team.deleted_at,
           owner.name as owner_name, owner.email as owner_email,
           (select count(*)::int from memberships where team_id = team.id) as member_count,
           (select count(*)::int from channels where team_id = team.id) as channel_count,
           (select count(*)::int from capsules
             where team_id = team.id and status not in ('stopped', 'error')) as active_sandbox_count
      from (select * from teams where id <> ${platformUuid} and ${fits}
             order by created_at desc, id desc limit ${limit} offset ${offset}) team
      left join memberships owning on owning.team_id = team.id and owning.role = 'owner'
      left join users owner on owner.id = owning.user_id
     order by team.created_at desc, team.id desc`.execute(database);
  const { total } = await database
    .selectFrom('teams')
    .where('id', '!=', platformUuid)
    .where(fits)
    .select(({ fn }) => fn.countAll<string>().as('total'))
    .executeTakeFirstOrThrow();
  return { teams: rows.map(present), ...presentPage(page, Number(total)) };
}

function fitting(q: string) {
  const part = containing(q);
  return sql<SqlBool>`(name ilike ${part} or slug ilike ${part} or ${idBegins('team', sql.ref('teams.id'), q)}
    or exists (select from memberships owning join users owner on owner.id = owning.user_id
                where owning.team_id = teams.id and owning.role = 'owner'
                  and (owner.name ilike ${part} or owner.email ilike ${part})))`;
}

function present(row: Row): z.output<typeof teamBody> {
  const { id, created_at: created, deleted_at: deleted, owner_name: name, owner_email: email, ...team } = row;
  return {
    ...team,
    id: idFromUuid('team', id),
    created_at: created.toISOString(),
    ...(deleted === null ? {} : { deleted_at: deleted.toISOString() }),
    ...(name === null ? {} : { owner_name: name }),
    ...(email === null ? {} : { owner_email: email }),
  };
}

import { idFromUuid } from '@wrenn/core';
import { type SqlBool, sql } from 'kysely';
import { z } from 'zod';
import type { Queryable } from '../db/database.ts';
import { type UserStatus, userStatuses } from '../db/schema.ts';
import { containing, idBegins } from '../db/search.ts';
import { type Asked, pageFields, presentPage, rowsOf } from './pages.ts';

const time = z.string().meta({ format: 'date-time' });

const userBody = z
  .object({
    id: z.string(),
    email: z.string(),
    name: z.string(),
    is_admin: z.boolean(),
    status: z.enum(userStatuses),
    created_at: time,
    deleted_at: time.optional().describe('The account can be brought back for a while.'),
    teams_joined: z.int(),
    teams_owned: z.int(),
  })
  .meta({ id: 'AdminUser' });

export const userPageBody = z.object({ users: z.array(userBody), ...pageFields });

interface Row {
  id: string;
  email: string;
  name: string;
  is_admin: boolean;
  status: UserStatus;
  created_at: Date;
  deleted_at: Date | null;
  teams_joined: number;
  teams_owned: number;
}

/** All accounts that fit, newest first. */
export async function listUsers(
  database: Queryable,
  { page, q }: Asked,
): Promise<z.output<typeof userPageBody>> {
  const { limit, offset } = rowsOf(page);
  const fits = fitting(q);
  const { rows } = await sql<Row>`
    select person.id, person.email, person.name, person.is_admin, person.status, person.created_at, person.deleted_at,
           count(team.id)::int as teams_joined,
           (count(team.id) filter (where member.role = 'owner'))::int as teams_owned
      from (select * from users where ${fits} order by created_at desc, id desc limit ${limit} offset ${offset}) person
      left join memberships member on member.user_id = person.id
      left join teams team on team.id = member.team_id and team.deleted_at is null
     group by person.id, person.email, person.name, person.is_admin, person.status, person.created_at, person.deleted_at
     order by person.created_at desc, person.id desc`.execute(database);
  const { total } = await database
    .selectFrom('users')
    .where(fits)
    .select(({ fn }) => fn.countAll<string>().as('total'))
    .executeTakeFirstOrThrow();
  return { users: rows.map(present), ...presentPage(page, Number(total)) };
}

function fitting(q: string) {
  const part = containing(q);
  return sql<SqlBool>`(name ilike ${part} or email ilike ${part} or ${idBegins('user', sql.ref('users.id'), q)})`;
}

function present({ id, created_at: created, deleted_at: deleted, ...user }: Row): z.output<typeof userBody> {
  return {
    ...user,
    id: idFromUuid('user', id),
    created_at: created.toISOString(),
    ...(deleted === null ? {} : { deleted_at: deleted.toISOString() }),
  };
}

import { idFromUuid } from '@wrenn/core';
import { type SqlBool, sql } from 'kysely';
import { z } from 'zod';
import type { Queryable } from '../db/database.ts';
import { visibilities } from '../db/schema.ts';
import { containing, idBegins } from '../db/search.ts';
import { templateTypes } from '../templates/template.ts';
import { pageFields, pageQuery, presentPage, rowsOf } from './pages.ts';
import { platformUuid } from './platform.ts';

const templateBody = z
  .object({
    id: z.string(),
    snapshot_id: z.string().optional(),
    name: z.string(),
    tags: z.array(z.string()).describe('That name this version.'),
    visibility: z.enum(visibilities),
    type: z.enum(templateTypes),
    team_id: z.string(),
    team_name: z.string(),
    platform: z.boolean().describe('Whether it is for all teams.'),
    vcpus: z.int().optional(),
    memory_mb: z.int().optional(),
    size_bytes: z.int(),
    created_at: z.string().meta({ format: 'date-time' }),
  })
  .meta({ id: 'AdminTemplate' });

export const templatePageQuery = pageQuery('the name, a tag, or the name of the team').extend({
  owner: z.enum(['all', 'platform', 'teams']).default('all'),
});

export const templatePageBody = z.object({ templates: z.array(templateBody), ...pageFields });

/** Templates and snapshots of all teams that fit, newest first. The layers of builds have no name, and are not among them. */
export async function listAllTemplates(
  database: Queryable,
  { page, q, owner }: z.output<typeof templatePageQuery>,
): Promise<z.output<typeof templatePageBody>> {
  const live = database
    .selectFrom('templates as template')
    .innerJoin('teams as team', 'team.id', 'template.team_id')
    .innerJoin('template_names as named', (join) =>
      join.onRef('named.team_id', '=', 'template.team_id').onRef('named.name', '=', 'template.name'),
    )
    .where('template.deleted_at', 'is', null)
    .where('template.ready_at', 'is not', null)
    .where(ownedBy(owner))
    .where(fitting(q));
  const { limit, offset } = rowsOf(page);
  const rows = await live
    .selectAll('template')
    .select(['team.name as team_name', 'named.visibility'])
    .select(
      sql<string[]>`array(select tag from template_tags where template_id = template.id order by tag)`.as(
        'tags',
      ),
    )
    .orderBy('template.created_at', 'desc')
    .orderBy('template.id', 'desc')
    .limit(limit)
    .offset(offset)
    .execute();
  const { total } = await live.select(sql<string>`count(*)`.as('total')).executeTakeFirstOrThrow();
  const templates = rows.map((row) => ({
    id: idFromUuid('template', row.id),
    ...(row.snapshot_id === null ? {} : { snapshot_id: idFromUuid('snapshot', row.snapshot_id) }),
    name: row.name,
    tags: row.tags,
    visibility: row.team_id === platformUuid ? ('public' as const) : row.visibility,
    type: row.type,
    team_id: idFromUuid('team', row.team_id),
    team_name: row.team_name,
    platform: row.team_id === platformUuid,
    ...(row.vcpus === null ? {} : { vcpus: row.vcpus }),
    ...(row.memory_mb === null ? {} : { memory_mb: row.memory_mb }),
    size_bytes: Number(row.size_bytes),
    created_at: row.created_at.toISOString(),
  }));
  return { templates, ...presentPage(page, Number(total)) };
}

function ownedBy(owner: z.output<typeof templatePageQuery>['owner']) {
  if (owner === 'all') return sql<SqlBool>`true`;
  const isPlatform = sql<SqlBool>`template.team_id = ${platformUuid}`;
  return owner === 'platform' ? isPlatform : sql<SqlBool>`not (${isPlatform})`;
}

function fitting(q: string) {
  const part = containing(q);
  return sql<SqlBool>`(template.name ilike ${part} or team.name ilike ${part} or team.slug ilike ${part}
    or ${idBegins('template', sql.ref('template.id'), q)}
    or exists (select from template_tags where template_id = template.id and tag ilike ${part}))`;
}

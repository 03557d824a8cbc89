import { sql } from 'kysely';
import type { ServerContext } from '../server-context.ts';

/** Of a team. Whoever builds with ever new contents must not fill the hosts with what nobody begins from again. */
const mostLayers = 500;
const buildDays = 90;
const archiveHours = 24;

/**
 * Forgets steps that no build has begun from for long, old builds with their logs, and uploads that nobody built from.
 * What hosts have of a forgotten step, the host monitor deletes.
 */
export async function tidyBuilds(
  { database, config }: Pick<ServerContext, 'database' | 'config'>,
  signal: AbortSignal,
): Promise<void> {
  const chores = [
    sql`
      update templates set deleted_at = now()
       where layer_key is not null and deleted_at is null
         and layer_used_at < now() - make_interval(days => ${config.buildCacheDays})`,
    sql`
      update templates set deleted_at = now()
       where id in (
         select id from (
           select id, row_number() over (partition by team_id order by layer_used_at desc, id desc) as place
             from templates where layer_key is not null and deleted_at is null
         ) ranked where place > ${sql.lit(mostLayers)}
       )`,
    // What a build was capturing when its process died: nobody else settles it.
    sql`
      delete from templates template
       where build_id is not null and ready_at is null and created_at < now() - interval '1 day'
         and not exists (select from builds build where build.id = template.build_id and build.status = 'running')`,
    sql`
      delete from archives archive
       where created_at < now() - make_interval(hours => ${sql.lit(archiveHours)})
         and not exists (
           select from builds build
            where build.archive_id = archive.id and build.status in ('pending', 'running')
         )`,
    sql`delete from builds where completed_at < now() - make_interval(days => ${sql.lit(buildDays)})`,
  ];
  for (const chore of chores) {
    signal.throwIfAborted();
    await chore.execute(database);
  }
}

import { type TemplateId, uuidFromId, WrennError, zeroId } from '@wrenn/core';
import { sql } from 'kysely';
import type { ServerContext } from '../server-context.ts';
import { deleteOnHosts } from '../snapshots/delete.ts';
import { refuseReserved, templateFrom } from '../templates/store.ts';
import type { Template } from '../templates/template.ts';
import { ensureFamily, moveTags } from '../templates/versions.ts';
import type { Build } from './build.ts';

/**
 * Gives what was captured the name and the tags, in the place of the versions that had them before, and writes it down, all at
 * once. Capsules of earlier versions stay whole.
 */
export async function publishTemplate(
  context: ServerContext,
  build: Build,
  captured: TemplateId,
): Promise<Template> {
  const { database, recorder } = context;
  const { teamId, actor } = build;
  const { tags } = build.request;
  const { template, replaced } = await database.transaction().execute(async (transaction) => {
    if (teamId !== zeroId('team')) await refuseReserved(transaction, build.name);
    const family = await ensureFamily(transaction, teamId, build.name);
    const { name } = family;
    const row = await transaction
      .updateTable('templates')
      .set({ name, ready_at: sql`now()` })
      .where('id', '=', uuidFromId(captured))
      .where('deleted_at', 'is', null)
      .returningAll()
      .executeTakeFirst();
    if (row === undefined)
      throw new WrennError('conflict', 'the template was given up', { remedy: 'build again' });
    const published = templateFrom(row);
    const earlier = await moveTags(transaction, family, tags, published.id);
    await recorder.record(transaction, {
      ...{ teamId, actor, what: 'template.create', resourceId: published.id },
      metadata: { name, tags, build: build.id },
    });
    return { template: published, replaced: earlier.map(templateFrom) };
  });
  await deleteOnHosts(context, replaced);
  return template;
}

/** What a build has captured and not published, by an attempt that ended. */
export async function dropDrafts(
  { database }: Pick<ServerContext, 'database'>,
  build: Pick<Build, 'id'>,
): Promise<void> {
  await database
    .deleteFrom('templates')
    .where('build_id', '=', uuidFromId(build.id))
    .where('ready_at', 'is', null)
    .where('layer_key', 'is', null)
    .execute();
}

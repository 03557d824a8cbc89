import { newId, type SnapshotId, uuidFromId, WrennError, zeroId } from '@wrenn/core';
import { sql } from 'kysely';
import type { ServerContext } from '../server-context.ts';
import { deleteOnHosts } from '../snapshots/delete.ts';
import { madeOf } from '../snapshots/made.ts';
import { refuseReserved, templateFrom } from '../templates/store.ts';
import type { Template } from '../templates/template.ts';
import { ensureFamily, moveTags } from '../templates/versions.ts';
import type { Build } from './build.ts';
import type { BuildCapsule } from './machine/build-capsule.ts';
import type { StageEnd } from './stages/stage-end.ts';
import { lastingEnv } from './steps/surroundings.ts';

/** The snapshot that becomes the template. Its row has no name that anybody knows until all is well. */
export async function captureTemplate(
  context: ServerContext,
  build: Build,
  end: StageEnd,
  capsule: BuildCapsule,
): Promise<SnapshotId> {
  const snapshotId = newId('snapshot');
  const { surroundings, parent } = end;
  await context.database
    .insertInto('templates')
    .values({
      id: uuidFromId(newId('template')),
      team_id: uuidFromId(build.teamId),
      name: `draft-${snapshotId}`,
      type: 'snapshot',
      vcpus: build.vcpus,
      memory_mb: build.memoryMb,
      snapshot_id: uuidFromId(snapshotId),
      host_id: uuidFromId(capsule.hostId),
      source_capsule_id: uuidFromId(capsule.id),
      build_id: uuidFromId(build.id),
      parent_id: parent === undefined ? null : uuidFromId(parent.id),
      default_user: surroundings.user,
      default_env: JSON.stringify(lastingEnv(surroundings)),
      default_workdir: surroundings.workdir,
      ready_at: null,
    })
    .execute();
  const made = madeOf(await capsule.snapshot(snapshotId));
  await context.database
    .updateTable('templates')
    .set({
      ...{ vcpus: made.vcpus, memory_mb: made.memoryMb, size_bytes: made.sizeBytes },
      facts: JSON.stringify(made.facts),
    })
    .where('snapshot_id', '=', uuidFromId(snapshotId))
    .execute();
  return snapshotId;
}

/**
 * Gives the snapshot the name and the tags, in the place of the versions that had them before, and writes it down, all at
 * once. Capsules of earlier versions stay whole.
 */
export async function publishTemplate(
  context: ServerContext,
  build: Build,
  snapshotId: SnapshotId,
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
      .where('snapshot_id', '=', uuidFromId(snapshotId))
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

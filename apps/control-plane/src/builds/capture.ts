import { type ImageId, newId, type SnapshotId, type TemplateId, uuidFromId } from '@wrenn/core';
import type { ServerContext } from '../server-context.ts';
import { madeOf } from '../snapshots/made.ts';
import type { Build } from './build.ts';
import type { BuildCapsule } from './machine/build-capsule.ts';
import type { StageEnd } from './stages/stage-end.ts';
import { lastingEnv } from './steps/surroundings.ts';

interface Capture {
  readonly context: ServerContext;
  readonly build: Build;
  readonly end: StageEnd;
  readonly capsule: BuildCapsule;
}

/**
 * Has the host make what becomes the template. Its row has no name that anybody knows until all is well, and is there
 * before the host begins, so that nobody takes what it makes for a stranger.
 */
export async function captureTemplate(capture: Capture): Promise<TemplateId> {
  switch (capture.build.request.result) {
    case 'snapshot':
      return await captureSnapshot(capture);
    case 'image':
      return await captureImage(capture);
  }
}

async function captureSnapshot(capture: Capture): Promise<TemplateId> {
  const { context, build, capsule } = capture;
  const snapshotId = newId('snapshot');
  const draft = draftOf(capture, snapshotId);
  const shape = { vcpus: build.vcpus, memory_mb: build.memoryMb };
  await context.database
    .insertInto('templates')
    .values({ ...draft.row, ...shape, type: 'snapshot', snapshot_id: uuidFromId(snapshotId) })
    .execute();
  const made = madeOf(await capsule.snapshot(snapshotId));
  await context.database
    .updateTable('templates')
    .set({
      ...{ vcpus: made.vcpus, memory_mb: made.memoryMb, size_bytes: made.sizeBytes },
      facts: JSON.stringify(made.facts),
    })
    .where('id', '=', draft.row.id)
    .execute();
  return draft.id;
}

async function captureImage(capture: Capture): Promise<TemplateId> {
  const { context, capsule } = capture;
  const imageId = newId('image');
  const draft = draftOf(capture, imageId);
  await context.database
    .insertInto('templates')
    .values({ ...draft.row, type: 'base', image_id: uuidFromId(imageId) })
    .execute();
  const { sizeBytes, sha256 } = await capsule.makeImage(imageId);
  await context.database
    .updateTable('templates')
    .set({ size_bytes: Number(sizeBytes), facts: JSON.stringify({ sha256 }) })
    .where('id', '=', draft.row.id)
    .execute();
  return draft.id;
}

function draftOf({ build, end, capsule }: Capture, made: SnapshotId | ImageId) {
  const { surroundings, parent } = end;
  const id = newId('template');
  const row = {
    id: uuidFromId(id),
    team_id: uuidFromId(build.teamId),
    name: `draft-${made}`,
    host_id: uuidFromId(capsule.hostId),
    source_capsule_id: uuidFromId(capsule.id),
    build_id: uuidFromId(build.id),
    parent_id: parent === undefined ? null : uuidFromId(parent.id),
    default_user: surroundings.user,
    default_env: JSON.stringify(lastingEnv(surroundings)),
    default_workdir: surroundings.workdir,
    ready_at: null,
  };
  return { id, row };
}

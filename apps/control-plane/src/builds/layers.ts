import {
  type BuildId,
  type CapsuleId,
  type HostId,
  newId,
  type SnapshotId,
  type TeamId,
  uuidFromId,
} from '@wrenn/core';
import { sql } from 'kysely';
import type { Queryable } from '../db/database.ts';
import { type MadeSnapshot, templateFrom } from '../templates/store.ts';
import type { SnapshotTemplate } from '../templates/template.ts';

/** The state of a capsule after a step of a build. Kept under the hash of all that led to it. */
export interface Layer {
  readonly key: string;
  readonly template: SnapshotTemplate;
}

/**
 * The layers of a team that have one of these keys and lie on a host that is there. What is found counts as used, and is
 * kept longer for it.
 */
export async function findLayers(
  database: Queryable,
  teamId: TeamId,
  keys: readonly string[],
): Promise<ReadonlyMap<string, Layer>> {
  if (keys.length === 0) return new Map();
  const rows = await database
    .updateTable('templates')
    .set({ layer_used_at: sql`now()` })
    .where('team_id', '=', uuidFromId(teamId))
    .where('layer_key', 'in', [...keys])
    .where('deleted_at', 'is', null)
    .where('ready_at', 'is not', null)
    .where('host_id', 'in', (query) => query.selectFrom('hosts').select('id').where('status', '=', 'online'))
    .returningAll()
    .execute();
  return new Map(
    rows.flatMap((row) => {
      const template = templateFrom(row);
      return row.layer_key === null || template.type !== 'snapshot'
        ? []
        : [[row.layer_key, { key: row.layer_key, template }] as const];
    }),
  );
}

export interface NewLayer {
  readonly key: string;
  readonly teamId: TeamId;
  readonly buildId: BuildId;
  readonly snapshotId: SnapshotId;
  readonly hostId: HostId;
  readonly capsuleId: CapsuleId;
  readonly vcpus: number;
  readonly memoryMb: number;
}

/** Says that a snapshot is being made, so that its host may keep it. */
export async function reserveLayer(database: Queryable, layer: NewLayer): Promise<void> {
  await database
    .insertInto('templates')
    .values({
      id: uuidFromId(newId('template')),
      team_id: uuidFromId(layer.teamId),
      // Never shown, and free of what people call their templates: they cannot give the name of a snapshot's ID.
      name: `layer-${layer.snapshotId}`,
      type: 'snapshot',
      vcpus: layer.vcpus,
      memory_mb: layer.memoryMb,
      snapshot_id: uuidFromId(layer.snapshotId),
      host_id: uuidFromId(layer.hostId),
      source_capsule_id: uuidFromId(layer.capsuleId),
      build_id: uuidFromId(layer.buildId),
      layer_key: layer.key,
      layer_used_at: sql`now()`,
      ready_at: null,
    })
    .execute();
}

/** Undefined where it was given up meanwhile. */
export async function layerMade(
  database: Queryable,
  id: SnapshotId,
  made: MadeSnapshot,
): Promise<Layer | undefined> {
  const row = await database
    .updateTable('templates')
    .set({
      vcpus: made.vcpus,
      memory_mb: made.memoryMb,
      size_bytes: made.sizeBytes,
      facts: JSON.stringify(made.facts),
      ready_at: sql`now()`,
    })
    .where('snapshot_id', '=', uuidFromId(id))
    .where('deleted_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
  const template = row && templateFrom(row);
  if (template?.type !== 'snapshot' || row?.layer_key == null) return undefined;
  return { key: row.layer_key, template };
}

/** From now on nobody begins from it. What its host has of it, the host monitor deletes. */
export async function forgetLayer(database: Queryable, id: SnapshotId): Promise<void> {
  await database
    .updateTable('templates')
    .set({ deleted_at: sql`now()` })
    .where('snapshot_id', '=', uuidFromId(id))
    .where('layer_key', 'is not', null)
    .where('deleted_at', 'is', null)
    .execute();
}

import {
  type CapsuleId,
  type HostId,
  idFromUuid,
  type SnapshotId,
  type TeamId,
  type TemplateId,
  uuidFromId,
  WrennError,
  zeroId,
} from '@wrenn/core';
import { type Selectable, sql } from 'kysely';
import type { Actor } from '../access/principal.ts';
import type { Audited } from '../audit/audited.ts';
import type { Database, Queryable } from '../db/database.ts';
import type { Schema } from '../db/schema.ts';
import { lookUp } from './look-up.ts';
import { usualTag } from './reference.ts';
import { hostOf, type SnapshotTemplate, type Template } from './template.ts';
import { dropEmptyFamily, lockFamily, moveTags, takeName, untag } from './versions.ts';

type Row = Selectable<Schema['templates']>;

const platform = uuidFromId(zeroId('team'));

/** The version that a team means, as lookUp has it, that can be used. `field` is where the request says it. */
export async function findTemplate(
  database: Queryable,
  teamId: TeamId,
  name: string,
  field = 'template',
): Promise<Template> {
  const row = await lookUp(database, teamId, name);
  if (row === undefined) throw new WrennError('not_found', `no template ${name}`, { field });
  if (row.ready_at === null) {
    throw new WrennError('busy', `the template ${name} is still being made`, { remedy: 'try again' });
  }
  return templateFrom(row);
}

/** The template that a capsule was made from, also when it was deleted since. */
export async function templateOf(database: Queryable, capsule: CapsuleId): Promise<Template> {
  const row = await database
    .selectFrom('templates as template')
    .innerJoin('capsules as capsule', 'capsule.template_id', 'template.id')
    .selectAll('template')
    .where('capsule.id', '=', uuidFromId(capsule))
    .executeTakeFirstOrThrow();
  return templateFrom(row);
}

/** A team's own templates and the platform's, newest first. */
export async function listTemplates(
  database: Queryable,
  teamId: TeamId,
  type: Template['type'] | undefined,
): Promise<Template[]> {
  let query = database
    .selectFrom('templates')
    .selectAll()
    .where('team_id', 'in', [uuidFromId(teamId), platform])
    .where('deleted_at', 'is', null)
    .where('ready_at', 'is not', null)
    .where('layer_key', 'is', null)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc');
  if (type !== undefined) query = query.where('type', '=', type);
  return (await query.execute()).map(templateFrom);
}

export interface NewSnapshot
  extends Pick<SnapshotTemplate, 'teamId' | 'name' | 'snapshotId' | 'hostId' | 'vcpus' | 'memoryMb'>,
    Pick<Template, 'defaultUser' | 'defaultEnv' | 'defaultWorkdir'> {
  readonly id: TemplateId;
  readonly sourceCapsule: CapsuleId;
  /** What the capsule was made from. */
  readonly parent: TemplateId;
}

/** Takes the name for a snapshot that is about to be made. Of two at once, one gets it. */
export async function reserveName(database: Database, snapshot: NewSnapshot): Promise<void> {
  const { id, name } = snapshot;
  const family = { teamUuid: uuidFromId(snapshot.teamId), name };
  await database.transaction().execute(async (transaction) => {
    await refuseReserved(transaction, name);
    if (!(await takeName(transaction, family))) throw nameTaken(name);
    await transaction
      .insertInto('templates')
      .values({
        id: uuidFromId(id),
        team_id: family.teamUuid,
        name,
        type: 'snapshot',
        vcpus: snapshot.vcpus,
        memory_mb: snapshot.memoryMb,
        snapshot_id: uuidFromId(snapshot.snapshotId),
        host_id: uuidFromId(snapshot.hostId),
        source_capsule_id: uuidFromId(snapshot.sourceCapsule),
        default_user: snapshot.defaultUser,
        default_env: JSON.stringify(snapshot.defaultEnv),
        default_workdir: snapshot.defaultWorkdir,
        parent_id: uuidFromId(snapshot.parent),
        ready_at: null,
      })
      .execute();
    await moveTags(transaction, family, [usualTag], id);
  });
}

export function nameTaken(name: string): WrennError {
  return new WrennError('template_name_taken', `there is a template ${name} already`, {
    field: 'name',
    remedy: 'give another name, or delete that template',
  });
}

export async function refuseReserved(database: Queryable, name: string): Promise<void> {
  const reserved = await database
    .selectFrom('template_names')
    .select('name')
    .where('team_id', '=', platform)
    .where('name', '=', name)
    .executeTakeFirst();
  if (reserved === undefined) return;
  throw new WrennError('name_reserved', `${name} is a template of the platform`, {
    field: 'name',
    remedy: 'give another name',
  });
}

/** What its host says of a snapshot that it made. */
export interface MadeSnapshot {
  readonly vcpus: number;
  readonly memoryMb: number;
  readonly sizeBytes: number;
  readonly facts: Readonly<Record<string, string>>;
}

export interface NewlyMade {
  readonly id: SnapshotId;
  readonly made: MadeSnapshot;
  readonly capsuleId: CapsuleId | undefined;
  /** Who asked for it. */
  readonly actor: Actor;
}

/**
 * From now on the snapshot can be used, which the audit log says. Undefined where it was taken back meanwhile; one that
 * is ready already stays as it is.
 */
export async function markReady(
  { database, recorder }: Audited,
  { id, made, capsuleId, actor }: NewlyMade,
): Promise<Template | undefined> {
  const template = await database.transaction().execute(async (transaction) => {
    const row = await transaction
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
      .where('ready_at', 'is', null)
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) return undefined;
    const { teamId, name } = templateFrom(row);
    const metadata = { name, capsule: capsuleId };
    await recorder.record(transaction, { teamId, actor, what: 'snapshot.create', resourceId: id, metadata });
    return templateFrom(row);
  });
  return template ?? (await findBySnapshot(database, id))?.template;
}

/** Gives back the name of a snapshot that was not made. */
export async function dropReservation(database: Database, id: SnapshotId): Promise<void> {
  const unmade = database
    .selectFrom('templates')
    .select(['id', 'team_id', 'name'])
    .where('snapshot_id', '=', uuidFromId(id))
    .where('ready_at', 'is', null);
  const row = await unmade.executeTakeFirst();
  if (row === undefined) return;
  const family = { teamUuid: row.team_id, name: row.name };
  await database.transaction().execute(async (transaction) => {
    await lockFamily(transaction, family);
    await transaction
      .deleteFrom('templates')
      .where('id', '=', row.id)
      .where('ready_at', 'is', null)
      .execute();
    await dropEmptyFamily(transaction, family);
  });
}

/** Also one that is not ready: whoever recovers needs it. */
export async function findBySnapshot(
  database: Queryable,
  id: SnapshotId,
): Promise<{ readonly template: SnapshotTemplate; readonly isReady: boolean } | undefined> {
  const row = await database
    .selectFrom('templates')
    .selectAll()
    .where('snapshot_id', '=', uuidFromId(id))
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  const template = row && templateFrom(row);
  return template?.type === 'snapshot' ? { template, isReady: row?.ready_at !== null } : undefined;
}

/** The row stays for the capsules that name it; its tags are gone. False where another was faster. */
export async function markDeleted(
  transaction: Queryable,
  { id, teamId, name }: Pick<Template, 'id' | 'teamId' | 'name'>,
): Promise<boolean> {
  const family = { teamUuid: uuidFromId(teamId), name };
  if (!(await lockFamily(transaction, family))) return false;
  return (await untag(transaction, family, id)).some((dropped) => dropped.id === uuidFromId(id));
}

/** All that a team has, also what is still being made. Returns what hosts have of it. */
export async function markTeamDeleted(database: Queryable, teamId: TeamId): Promise<Template[]> {
  const rows = await database
    .updateTable('templates')
    .set({ deleted_at: sql`now()` })
    .where('team_id', '=', uuidFromId(teamId))
    .where('deleted_at', 'is', null)
    .returningAll()
    .execute();
  await database.deleteFrom('template_names').where('team_id', '=', uuidFromId(teamId)).execute();
  return rows.map(templateFrom).filter((template) => hostOf(template) !== undefined);
}

/** Those of `ids` that templates of this host stand for, made or being made. */
export async function wantedSnapshots(
  database: Queryable,
  hostId: HostId,
  ids: readonly SnapshotId[],
): Promise<Set<string>> {
  const rows = await database
    .selectFrom('templates')
    .select('snapshot_id')
    .where('host_id', '=', uuidFromId(hostId))
    .where('snapshot_id', 'in', ids.map(uuidFromId))
    .where('deleted_at', 'is', null)
    .execute();
  return new Set(rows.flatMap(({ snapshot_id: id }) => (id === null ? [] : [idFromUuid('snapshot', id)])));
}

export function templateFrom(row: Row): Template {
  const common = {
    id: idFromUuid('template', row.id),
    teamId: idFromUuid('team', row.team_id),
    name: row.name,
    defaultUser: row.default_user,
    defaultEnv: row.default_env,
    defaultWorkdir: row.default_workdir,
    sizeBytes: Number(row.size_bytes),
    createdAt: row.created_at,
    parentId: row.parent_id === null ? undefined : idFromUuid('template', row.parent_id),
    sourceCapsuleId:
      row.source_capsule_id === null ? undefined : idFromUuid('capsule', row.source_capsule_id),
    facts: row.facts,
  };
  const { snapshot_id: snapshotId, image_id: imageId, vcpus, memory_mb: memoryMb } = row;
  const hostId = row.host_id === null ? undefined : idFromUuid('host', row.host_id);
  if (snapshotId === null || hostId === undefined || vcpus === null || memoryMb === null) {
    const isMade = imageId !== null && hostId !== undefined;
    const image = isMade ? { id: idFromUuid('image', imageId), hostId } : undefined;
    return { ...common, type: 'base', image };
  }
  return {
    ...common,
    type: 'snapshot',
    snapshotId: idFromUuid('snapshot', snapshotId),
    hostId,
    vcpus,
    memoryMb,
  };
}

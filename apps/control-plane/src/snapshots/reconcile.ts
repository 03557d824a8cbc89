import { describeError, type HostId, idFromUuid, parseId, type SnapshotId, uuidFromId } from '@wrenn/core';
import type { SnapshotInfo } from '@wrenn/protocol/hostagent';
import type { Logger } from '@wrenn/service';
import { sql } from 'kysely';
import { platformPart } from '../access/principal.ts';
import { actorFrom } from '../access/stored-actor.ts';
import type { Audited } from '../audit/audited.ts';
import type { HostAgent } from '../hosts/agent.ts';
import { dropReservation, markReady, wantedSnapshots } from '../templates/store.ts';
import { madeOf } from './made.ts';

/** One host, at the moment when the monitor looks at it. */
interface Look extends Audited {
  readonly agent: Pick<HostAgent, 'deleteSnapshot'>;
  readonly log: Logger;
  readonly host: { readonly id: HostId };
}

/** A snapshot that the database does not know may be younger than a query: it is left alone for this long. */
const strangerAfterMs = 60_000;

/**
 * Makes one host's snapshots and the templates that stand for them agree. `snapshots` is what the host has: one that
 * no template wants is deleted there, and a template whose job ended without knowing whether it was made is settled.
 */
export async function deleteStrangerSnapshots(look: Look, snapshots: readonly SnapshotInfo[]): Promise<void> {
  await settleAbandoned(look, snapshots);
  const old = snapshots.filter(
    ({ createdAtUnix }) => Date.now() - Number(createdAtUnix) * 1000 > strangerAfterMs,
  );
  if (old.length === 0) return;
  const ids = old.map(({ snapshotId }) => parseId('snapshot', snapshotId));
  const wanted = await wantedSnapshots(look.database, look.host.id, ids);
  for (const id of ids.filter((each) => !wanted.has(each))) await deleteStranger(look, id);
}

async function deleteStranger({ agent, log, host }: Look, id: SnapshotId): Promise<void> {
  try {
    await agent.deleteSnapshot(id);
    log.warn({ snapshot: id, host: host.id }, 'deleted a snapshot that no template wants');
  } catch (thrown) {
    log.warn({ snapshot: id, host: host.id, cause: describeError(thrown) }, 'deleting a snapshot');
  }
}

/**
 * Names that are taken by snapshots whose job is over, so that nobody makes them any more: the host has the snapshot,
 * and it becomes one that can be used; or it has not, and the name is free.
 */
async function settleAbandoned(look: Look, snapshots: readonly SnapshotInfo[]): Promise<void> {
  const { database, log, host } = look;
  const { rows } = await sql<{ uuid: string; name: string; capsule: string | null; actor: unknown }>`
    select template.snapshot_id as uuid, template.name, template.source_capsule_id as capsule,
           (select job.actor from jobs job where job.id = template.snapshot_id) as actor
      from templates template
     where template.host_id = ${uuidFromId(host.id)}
       and template.deleted_at is null and template.ready_at is null
       and template.created_at < now() - make_interval(secs => ${strangerAfterMs / 1000})
       and template.build_id is null and template.snapshot_id is not null
       and not exists (select from jobs job where job.id = template.snapshot_id and job.status = 'running')
  `.execute(database);
  const made = new Map<string, SnapshotInfo>(snapshots.map((info) => [info.snapshotId, info]));
  for (const { uuid, name, capsule, actor } of rows) {
    const id = idFromUuid('snapshot', uuid);
    const info = made.get(id);
    if (info === undefined) await dropReservation(database, id);
    else
      await markReady(look, {
        id,
        made: madeOf(info),
        capsuleId: capsule === null ? undefined : idFromUuid('capsule', capsule),
        actor: actor === null ? platformPart('host monitor') : actorFrom(actor),
      });
    log.warn({ name, host: host.id, made: info !== undefined }, 'settled a snapshot whose job is over');
  }
}

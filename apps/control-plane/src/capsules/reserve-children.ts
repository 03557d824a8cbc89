import { type CapsuleId, newId, uuidFromId, WrennError } from '@wrenn/core';
import { sql } from 'kysely';
import type { Database } from '../db/database.ts';
import { lockInTransaction } from '../db/locks.ts';
import { roomFor } from '../hosts/placement.ts';
import { type PlaceableHost, placeableHosts } from '../hosts/store.ts';
import type { Template } from '../templates/template.ts';
import type { Asked } from './asked.ts';
import type { Capsule } from './capsule.ts';
import { hostNotThere } from './reserve.ts';

export interface ChildrenSpec {
  readonly count: number;
  /** The parent's, where they are not given. */
  readonly timeoutSec: number | undefined;
  readonly metadata: Readonly<Record<string, string>> | undefined;
  readonly asked: Asked;
}

export interface Children {
  readonly ids: readonly CapsuleId[];
  readonly timeoutSec: number;
  readonly host: Pick<PlaceableHost, 'id' | 'address'>;
}

/**
 * Inserts one `pending` row for each child, on the parent's host, where its state is: all of them, or none if there
 * is not room for all.
 */
export async function reserveChildren(
  database: Database,
  parent: Capsule,
  template: Pick<Template, 'id'>,
  spec: ChildrenSpec,
): Promise<Children> {
  const ids = Array.from({ length: spec.count }, () => newId('capsule'));
  const timeoutSec = spec.timeoutSec ?? parent.timeoutSec;
  const host = await database.transaction().execute(async (transaction) => {
    await lockInTransaction(transaction, 'placement');
    const [found] = await placeableHosts(transaction, parent.teamId, { host: parent.hostId });
    if (found === undefined) throw await hostNotThere(transaction, parent.hostId, `the capsule ${parent.id}`);
    requireRoom(found, parent, spec.count);
    await transaction
      .insertInto('capsules')
      .values(
        ids.map((id) => ({
          id: uuidFromId(id),
          team_id: uuidFromId(parent.teamId),
          host_id: uuidFromId(parent.hostId),
          template_id: uuidFromId(template.id),
          template: parent.template,
          vcpus: parent.vcpus,
          memory_mb: parent.memoryMb,
          disk_size_mb: parent.diskSizeMb,
          timeout_sec: timeoutSec,
          auto_resume: parent.autoResume,
          public_ports: parent.publicPorts,
          metadata: JSON.stringify(spec.metadata ?? parent.metadata),
          asked: JSON.stringify(spec.asked),
          forked_from: uuidFromId(parent.id),
        })),
      )
      .execute();
    return found;
  });
  return { ids, timeoutSec, host };
}

function requireRoom(host: PlaceableHost, { vcpus, memoryMb, diskSizeMb }: Capsule, count: number): void {
  const room = roomFor(host, { vcpus, memoryMb, diskMb: diskSizeMb });
  if (room >= count) return;
  throw new WrennError(
    'no_hosts_available',
    `the host of the capsule has room for ${room} of ${count} children with ${vcpus} vCPUs and ${memoryMb} MB each`,
    { remedy: 'ask for fewer, or destroy capsules that are not needed' },
  );
}

/** Tells the host monitor that their fork goes on: it gives up rows that nobody touched for long. */
export async function touchChildren(database: Database, ids: readonly CapsuleId[]): Promise<void> {
  await database
    .updateTable('capsules')
    .set({ last_updated: sql`now()` })
    .where('id', 'in', ids.map(uuidFromId))
    .where('status', '=', 'pending')
    .execute();
}

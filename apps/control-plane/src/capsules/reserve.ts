import {
  type CapsuleId,
  type HostId,
  idFromUuid,
  newId,
  type TeamId,
  type TemplateId,
  uuidFromId,
  WrennError,
  zeroId,
} from '@wrenn/core';
import type { Database } from '../db/database.ts';
import { lockInTransaction } from '../db/locks.ts';
import { chooseHost } from '../hosts/placement.ts';
import { placeableHosts } from '../hosts/store.ts';
import { diskSizeMb } from './capsule.ts';

export interface CapsuleSpec {
  readonly template: string;
  readonly vcpus: number;
  readonly memoryMb: number;
  readonly timeoutSec: number;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A `pending` row that holds its place on a host. */
export interface Reservation {
  readonly id: CapsuleId;
  readonly host: { readonly id: HostId; readonly address: string };
  readonly template: Template;
}

export interface Template {
  readonly id: TemplateId;
  readonly defaultUser: string;
  readonly defaultEnv: Readonly<Record<string, string>>;
}

/** Chooses a host and inserts the row in one transaction, one at a time over all replicas. */
export async function reserve(database: Database, teamId: TeamId, spec: CapsuleSpec): Promise<Reservation> {
  const template = await findTemplate(database, teamId, spec.template);
  const id = newId('capsule');
  const host = await database.transaction().execute(async (transaction) => {
    await lockInTransaction(transaction, 'placement');
    const hosts = await placeableHosts(transaction, teamId, spec.template);
    const chosen = chooseHost(hosts, { vcpus: spec.vcpus, memoryMb: spec.memoryMb, diskMb: diskSizeMb });
    if (chosen === undefined) throw noRoom(spec, hosts.length);
    await transaction
      .insertInto('capsules')
      .values({
        id: uuidFromId(id),
        team_id: uuidFromId(teamId),
        host_id: uuidFromId(chosen.id),
        template_id: uuidFromId(template.id),
        template: spec.template,
        vcpus: spec.vcpus,
        memory_mb: spec.memoryMb,
        disk_size_mb: diskSizeMb,
        timeout_sec: spec.timeoutSec,
        metadata: JSON.stringify(spec.metadata),
      })
      .execute();
    return chosen;
  });
  return { id, host, template };
}

/** The team's own template of that name, else the platform's. */
async function findTemplate(database: Database, teamId: TeamId, name: string): Promise<Template> {
  const team = uuidFromId(teamId);
  const row = await database
    .selectFrom('templates')
    .select(['id', 'default_user', 'default_env'])
    .where('name', '=', name)
    .where('team_id', 'in', [team, uuidFromId(zeroId('team'))])
    .orderBy((order) => order('team_id', '=', team), 'desc')
    .executeTakeFirst();
  if (row === undefined) throw new WrennError('not_found', `no template ${name}`, { field: 'template' });
  return { id: idFromUuid('template', row.id), defaultUser: row.default_user, defaultEnv: row.default_env };
}

function noRoom(spec: CapsuleSpec, hosts: number): WrennError {
  return hosts === 0
    ? new WrennError('no_hosts_available', `no host that has the template ${spec.template} is online`, {
        remedy: 'see GET /readyz, and the host-agent on each host',
      })
    : new WrennError(
        'no_hosts_available',
        `no host has room for ${spec.vcpus} vCPUs and ${spec.memoryMb} MB`,
        {
          remedy: 'destroy capsules that are not needed, or ask for less',
        },
      );
}

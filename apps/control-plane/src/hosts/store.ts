import { type HostId, idFromUuid, type TeamId, uuidFromId } from '@wrenn/core';
import type { GetHostResponse } from '@wrenn/protocol/hostagent';
import { sql } from 'kysely';
import type { Queryable } from '../db/database.ts';
import type { HostStatus } from '../db/schema.ts';
import type { Candidate } from './placement.ts';

export interface Host {
  readonly id: HostId;
  /** Whose it is; undefined for one of the platform. */
  readonly teamId: TeamId | undefined;
  readonly address: string;
  readonly status: HostStatus;
  readonly epoch: string;
  readonly lastHeartbeatAt: Date | undefined;
}

export type PlaceableHost = Candidate & Pick<Host, 'id' | 'address'>;

/** The host of this machine; `regular`, so it serves every team. */
export async function ensureHost(database: Queryable, id: HostId, address: string): Promise<void> {
  await database
    .insertInto('hosts')
    .values({ id: uuidFromId(id), address })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ address, updated_at: sql`now()` }))
    .execute();
}

export async function listHosts(database: Queryable): Promise<Host[]> {
  const rows = await database
    .selectFrom('hosts')
    .select(['id', 'team_id', 'address', 'status', 'epoch', 'last_heartbeat_at'])
    .where('status', '!=', 'offline')
    .execute();
  return rows.map((row) => ({
    id: idFromUuid('host', row.id),
    teamId: row.team_id === null ? undefined : idFromUuid('team', row.team_id),
    address: row.address,
    status: row.status,
    epoch: row.epoch,
    lastHeartbeatAt: row.last_heartbeat_at ?? undefined,
  }));
}

export async function countOnline(database: Queryable): Promise<number> {
  const { count } = await database
    .selectFrom('hosts')
    .select(({ fn }) => fn.countAll<string>().as('count'))
    .where('status', '=', 'online')
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** Notes that a host answered, and what it said of itself. */
export async function markOnline(database: Queryable, id: HostId, said: GetHostResponse): Promise<void> {
  await database
    .updateTable('hosts')
    .set({
      status: 'online',
      arch: said.arch,
      cpu_cores: said.cpuCores,
      memory_mb: said.memoryMb,
      disk_gb: said.diskGb,
      engine: said.engine,
      isolation: said.isolation,
      agent_version: said.agentVersion,
      templates: said.templates,
      relay_port: said.relayPort === 0 ? null : said.relayPort,
      last_heartbeat_at: sql`now()`,
      updated_at: sql`now()`,
    })
    .where('id', '=', uuidFromId(id))
    .execute();
}

/** False for one that was not online. */
export async function markUnreachable(database: Queryable, id: HostId): Promise<boolean> {
  const { numUpdatedRows } = await database
    .updateTable('hosts')
    .set({ status: 'unreachable', updated_at: sql`now()` })
    .where('id', '=', uuidFromId(id))
    .where('status', '=', 'online')
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

export async function noteEpoch(database: Queryable, id: HostId, epoch: string): Promise<void> {
  await database.updateTable('hosts').set({ epoch }).where('id', '=', uuidFromId(id)).execute();
}

/** Where a capsule can be made: on any host that has its template, or on the one that has its snapshot. */
export type Source = { readonly template: string } | { readonly host: HostId };

/**
 * Hosts that may take a capsule of this team, with what they have promised; a paused capsule keeps its promise, so
 * that it can go on. The caller holds the placement lock, so that the numbers stand until it has added its own.
 */
export async function placeableHosts(
  database: Queryable,
  teamId: TeamId,
  source: Source,
): Promise<PlaceableHost[]> {
  const team = uuidFromId(teamId);
  const suits =
    'template' in source
      ? sql`${source.template} = any (host.templates)`
      : sql`host.id = ${uuidFromId(source.host)}`;
  const { rows } = await sql<Row>`
    select host.id, host.address, host.cpu_cores, host.memory_mb, host.disk_gb,
           coalesce(sum(capsule.vcpus), 0)::int as vcpus,
           coalesce(sum(capsule.memory_mb), 0)::int as reserved_memory_mb,
           coalesce(sum(capsule.disk_size_mb), 0)::int as reserved_disk_mb
      from hosts host
      left join capsules capsule on capsule.host_id = host.id and capsule.status not in ('stopped', 'error')
     where host.status = 'online'
       and ${suits}
       and exists (select from teams where id = ${team} and deleted_at is null)
       and case when (select is_byoc from teams where id = ${team})
             then host.type = 'byoc' and host.team_id = ${team}
             else host.type = 'regular' end
     group by host.id`.execute(database);
  return rows.map((row) => ({
    id: idFromUuid('host', row.id),
    address: row.address,
    cpuCores: row.cpu_cores,
    memoryMb: row.memory_mb,
    diskGb: row.disk_gb,
    reserved: { vcpus: row.vcpus, memoryMb: row.reserved_memory_mb, diskMb: row.reserved_disk_mb },
  }));
}

interface Row {
  id: string;
  address: string;
  cpu_cores: number;
  memory_mb: number;
  disk_gb: number;
  vcpus: number;
  reserved_memory_mb: number;
  reserved_disk_mb: number;
}

import {
  type BuildId,
  type CapsuleId,
  type HostId,
  newId,
  type TeamId,
  uuidFromId,
  WrennError,
} from '@wrenn/core';
import type { Database, Queryable } from '../db/database.ts';
import { lockInTransaction } from '../db/locks.ts';
import { chooseHost } from '../hosts/placement.ts';
import { placeableHosts } from '../hosts/store.ts';
import { findTemplate } from '../templates/store.ts';
import { hostOf, type Template } from '../templates/template.ts';
import type { Asked } from './asked.ts';
import { diskSizeMb } from './capsule.ts';

export interface CapsuleSpec {
  /** Its name, or the ID of a snapshot; or one that was found already. */
  readonly template: string | Template;
  /** What a snapshot says of these two goes before. */
  readonly vcpus: number;
  readonly memoryMb: number;
  readonly timeoutSec: number;
  readonly autoResume: boolean;
  readonly publicPorts: boolean;
  readonly metadata: Readonly<Record<string, string>>;
  /** The build that works in it. */
  readonly buildId?: BuildId;
}

/** A `pending` row that holds its place on a host. */
export interface Reservation {
  readonly id: CapsuleId;
  readonly host: { readonly id: HostId; readonly address: string };
  readonly template: Template;
  readonly shape: Shape;
}

interface Shape {
  readonly vcpus: number;
  readonly memoryMb: number;
}

/** Chooses a host and inserts the row in one transaction, one at a time over all replicas. */
export async function reserve(
  database: Database,
  teamId: TeamId,
  asked: Asked,
  spec: CapsuleSpec,
): Promise<Reservation> {
  const template =
    typeof spec.template === 'string' ? await findTemplate(database, teamId, spec.template) : spec.template;
  const { vcpus, memoryMb } = template.type === 'snapshot' ? template : spec;
  const shape = { vcpus, memoryMb };
  const id = newId('capsule');
  const host = await database.transaction().execute(async (transaction) => {
    await lockInTransaction(transaction, 'placement');
    const only = hostOf(template);
    const source = only === undefined ? { template: template.name } : { host: only };
    const hosts = await placeableHosts(transaction, teamId, source);
    const chosen = chooseHost(hosts, { ...shape, diskMb: diskSizeMb });
    if (chosen === undefined) throw await noRoom(transaction, template, shape, hosts.length);
    await transaction
      .insertInto('capsules')
      .values({
        id: uuidFromId(id),
        team_id: uuidFromId(teamId),
        host_id: uuidFromId(chosen.id),
        template_id: uuidFromId(template.id),
        template: template.name,
        vcpus,
        memory_mb: memoryMb,
        disk_size_mb: diskSizeMb,
        timeout_sec: spec.timeoutSec,
        auto_resume: spec.autoResume,
        public_ports: spec.publicPorts,
        metadata: JSON.stringify(spec.metadata),
        asked: JSON.stringify(asked),
        build_id: spec.buildId === undefined ? null : uuidFromId(spec.buildId),
      })
      .execute();
    return chosen;
  });
  return { id, host, template, shape };
}

async function noRoom(
  database: Queryable,
  template: Template,
  { vcpus, memoryMb }: Shape,
  hosts: number,
): Promise<WrennError> {
  const only = hostOf(template);
  if (hosts > 0) {
    const where = only !== undefined ? `the host of ${template.name} has no` : 'no host has';
    return new WrennError('no_hosts_available', `${where} room for ${vcpus} vCPUs and ${memoryMb} MB`, {
      remedy: 'destroy capsules that are not needed, or ask for less',
    });
  }
  if (only !== undefined) {
    const what = template.type === 'snapshot' ? 'snapshot' : 'template';
    return await hostNotThere(database, only, `the ${what} ${template.name}`);
  }
  return new WrennError('no_hosts_available', `no host that has the template ${template.name} is online`, {
    remedy: 'see GET /readyz, and the host-agent on each host',
  });
}

/** What is only on one host cannot start while that host is away. */
export async function hostNotThere(database: Queryable, id: HostId, what: string): Promise<WrennError> {
  const host = await database
    .selectFrom('hosts')
    .select('status')
    .where('id', '=', uuidFromId(id))
    .executeTakeFirst();
  const state = host?.status ?? 'not known any more';
  return new WrennError('no_hosts_available', `${what} is on the host ${id}, which is ${describe(state)}`, {
    remedy: 'see GET /readyz, and the host-agent on that host',
  });
}

/** An online host that cannot be used is one of another kind than the team's. */
function describe(state: string): string {
  return state === 'online' ? 'not for this team' : state;
}

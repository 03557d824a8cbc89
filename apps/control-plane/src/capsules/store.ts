import {
  type CapsuleAction,
  type CapsuleId,
  capsuleActions,
  idFromUuid,
  nextCapsuleState,
  type TeamId,
  uuidFromId,
  WrennError,
} from '@wrenn/core';
import { type Selectable, sql, type UpdateObject } from 'kysely';
import type { Audited } from '../audit/audited.ts';
import type { Happening } from '../audit/happening.ts';
import type { Queryable } from '../db/database.ts';
import type { Schema } from '../db/schema.ts';
import type { Host } from '../hosts/store.ts';
import type { Capsule } from './capsule.ts';

type Row = Selectable<Schema['capsules']>;
/** What a transition may write beside the state. */
type Changes = Pick<
  UpdateObject<Schema, 'capsules'>,
  'facts' | 'host_ip' | 'started_at' | 'last_active_at' | 'timeout_sec'
>;

export async function findCapsule(database: Queryable, teamId: TeamId, id: CapsuleId): Promise<Capsule> {
  const row = await database
    .selectFrom('capsules')
    .selectAll()
    .where('id', '=', uuidFromId(id))
    .where('team_id', '=', uuidFromId(teamId))
    .executeTakeFirst();
  if (row === undefined) throw unknownCapsule(id);
  return capsuleFrom(row);
}

export interface PlacedCapsule extends Pick<Capsule, 'id' | 'status' | 'autoResume'> {
  readonly host: Pick<Host, 'id' | 'address' | 'status'>;
  /** As `versionOf` gives it. */
  readonly version: string;
}

/** What an operation needs of a capsule to reach it, in one query. */
export async function findPlaced(database: Queryable, teamId: TeamId, id: CapsuleId): Promise<PlacedCapsule> {
  const row = await database
    .selectFrom('capsules as capsule')
    .innerJoin('hosts as host', 'host.id', 'capsule.host_id')
    .select([
      'capsule.status',
      'capsule.auto_resume',
      'host.id as host_id',
      'host.address',
      'host.status as host_status',
      sql<string>`capsule.last_updated::text`.as('version'),
    ])
    .where('capsule.id', '=', uuidFromId(id))
    .where('capsule.team_id', '=', uuidFromId(teamId))
    .executeTakeFirst();
  if (row === undefined) throw unknownCapsule(id);
  return {
    id,
    status: row.status,
    autoResume: row.auto_resume,
    host: { id: idFromUuid('host', row.host_id), address: row.address, status: row.host_status },
    version: row.version,
  };
}

/** What the audit log says of a capsule, whose row has the rest. */
export type CapsuleHappening = Omit<Happening, 'teamId' | 'resourceId'>;

export interface Transition {
  readonly id: CapsuleId;
  readonly action: CapsuleAction;
  readonly changes?: Changes;
  /** As `versionOf` gave it: nothing is done to a capsule that anybody has changed since. */
  readonly version?: string;
  /** Written with the change, or not at all. */
  readonly happening?: CapsuleHappening;
}

/**
 * Does `action` on a capsule, if the table of states allows it in the state that the database has at that moment;
 * else `invalid_state`. Whoever loses a race gets that error, never a state that was overwritten.
 */
export async function transition({ database, recorder }: Audited, wanted: Transition): Promise<Capsule> {
  const { id, action, happening } = wanted;
  const capsule =
    happening === undefined
      ? await moved(database, wanted)
      : await database.transaction().execute(async (transaction) => {
          const found = await moved(transaction, wanted);
          if (found === undefined) return undefined;
          await recorder.record(transaction, { ...happening, teamId: found.teamId, resourceId: id });
          return found;
        });
  if (capsule !== undefined) return capsule;
  const found = await database
    .selectFrom('capsules')
    .select('status')
    .where('id', '=', uuidFromId(id))
    .executeTakeFirst();
  if (found === undefined) throw unknownCapsule(id);
  nextCapsuleState(action, found.status);
  throw new WrennError('conflict', `the capsule changed while it was to ${action}`, { remedy: 'try again' });
}

async function moved(
  database: Queryable,
  { id, action, changes, version }: Transition,
): Promise<Capsule | undefined> {
  let query = database
    .updateTable('capsules')
    .set({ ...changes, ...leadingTo(action), last_updated: sql`now()` })
    .where('id', '=', uuidFromId(id))
    .where('status', 'in', [...capsuleActions[action].from])
    .returningAll();
  if (version !== undefined) query = query.where(sql<boolean>`last_updated::text = ${version}`);
  const row = await query.executeTakeFirst();
  return row && capsuleFrom(row);
}

/** Another one after each change: the time of the last, with its microseconds. */
export async function versionOf(database: Queryable, id: CapsuleId): Promise<string> {
  const row = await database
    .selectFrom('capsules')
    .select(sql<string>`last_updated::text`.as('version'))
    .where('id', '=', uuidFromId(id))
    .executeTakeFirst();
  if (row === undefined) throw unknownCapsule(id);
  return row.version;
}

/** What `action` writes of the state. */
export function leadingTo(action: CapsuleAction) {
  const { to } = capsuleActions[action];
  if (to === 'unchanged') return {};
  // Whatever it leads to, it is known what came of the making.
  return { status: to, paused_at: to === 'paused' ? sql<Date>`now()` : null, asked: null };
}

export function capsuleFrom(row: Row): Capsule {
  return {
    id: idFromUuid('capsule', row.id),
    teamId: idFromUuid('team', row.team_id),
    hostId: idFromUuid('host', row.host_id),
    template: row.template,
    status: row.status,
    vcpus: row.vcpus,
    memoryMb: row.memory_mb,
    diskSizeMb: row.disk_size_mb,
    timeoutSec: row.timeout_sec,
    autoResume: row.auto_resume,
    publicPorts: row.public_ports,
    metadata: row.metadata,
    facts: row.facts,
    hostIp: row.host_ip,
    createdAt: row.created_at,
    startedAt: row.started_at ?? undefined,
    lastActiveAt: row.last_active_at ?? undefined,
    pausedAt: row.paused_at ?? undefined,
    lastUpdated: row.last_updated,
  };
}

function unknownCapsule(id: CapsuleId): WrennError {
  return new WrennError('not_found', `no capsule ${id}`);
}

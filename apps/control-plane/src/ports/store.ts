import {
  type CapsuleId,
  type CapsuleState,
  idFromUuid,
  type TeamId,
  uuidFromId,
  WrennError,
} from '@wrenn/core';
import { sql } from 'kysely';
import type { Doer } from '../access/principal.ts';
import type { Audited } from '../audit/audited.ts';
import type { Queryable } from '../db/database.ts';
import type { Host } from '../hosts/store.ts';

/** Who may use the ports of a capsule. */
export interface PortAccess {
  readonly publicPorts: boolean;
  /** Counts how often the credentials for its ports were made void. */
  readonly generation: number;
}

/** All that an edge needs to know of a capsule. */
export interface EdgeFacts extends PortAccess {
  readonly id: CapsuleId;
  readonly teamId: TeamId;
  readonly status: CapsuleState;
  readonly autoResume: boolean;
  readonly host: Pick<Host, 'id' | 'address'> & { readonly relayPort: number | undefined };
}

export async function findEdgeFacts(database: Queryable, id: CapsuleId): Promise<EdgeFacts> {
  const row = await database
    .selectFrom('capsules as capsule')
    .innerJoin('hosts as host', 'host.id', 'capsule.host_id')
    .select([
      'capsule.team_id',
      'capsule.status',
      'capsule.auto_resume',
      'capsule.public_ports',
      'capsule.access_generation',
      'host.id as host_id',
      'host.address',
      'host.relay_port',
    ])
    .where('capsule.id', '=', uuidFromId(id))
    .executeTakeFirst();
  if (row === undefined) throw new WrennError('not_found', `no capsule ${id}`);
  return {
    id,
    teamId: idFromUuid('team', row.team_id),
    status: row.status,
    autoResume: row.auto_resume,
    publicPorts: row.public_ports,
    generation: row.access_generation,
    host: {
      id: idFromUuid('host', row.host_id),
      address: row.address,
      relayPort: row.relay_port ?? undefined,
    },
  };
}

export interface AccessChange {
  readonly publicPorts: boolean | undefined;
  readonly credentials: 'keep' | 'void';
}

/** Changes what is given, and returns what holds then; `not_found` for a capsule of another team. */
export async function changeAccess(
  { database, recorder }: Audited,
  { teamId, actor }: Doer,
  id: CapsuleId,
  { publicPorts, credentials }: AccessChange,
): Promise<PortAccess> {
  return await database.transaction().execute(async (transaction) => {
    const row = await transaction
      .updateTable('capsules')
      .set({
        ...(publicPorts === undefined ? {} : { public_ports: publicPorts }),
        ...(credentials === 'void' ? { access_generation: sql<number>`access_generation + 1` } : {}),
        last_updated: sql`now()`,
      })
      .where('id', '=', uuidFromId(id))
      .where('team_id', '=', uuidFromId(teamId))
      .returning(['public_ports', 'access_generation'])
      .executeTakeFirst();
    if (row === undefined) throw new WrennError('not_found', `no capsule ${id}`);
    const metadata = { public_ports: publicPorts, revoked: credentials === 'void' };
    await recorder.record(transaction, { teamId, actor, what: 'capsule.access', resourceId: id, metadata });
    return { publicPorts: row.public_ports, generation: row.access_generation };
  });
}

/** Writes down that somebody gets a link to a port, and returns what it is made from. */
export async function noteLink(
  { database, recorder }: Audited,
  { teamId, actor }: Doer,
  id: CapsuleId,
  { port, expiresAt }: { readonly port: number; readonly expiresAt: Date },
): Promise<PortAccess> {
  return await database.transaction().execute(async (transaction) => {
    const access = await findAccess(transaction, teamId, id);
    const metadata = { port, expires_at: expiresAt.toISOString() };
    await recorder.record(transaction, { teamId, actor, what: 'capsule.link', resourceId: id, metadata });
    return access;
  });
}

export async function findAccess(database: Queryable, teamId: TeamId, id: CapsuleId): Promise<PortAccess> {
  const row = await database
    .selectFrom('capsules')
    .select(['public_ports', 'access_generation'])
    .where('id', '=', uuidFromId(id))
    .where('team_id', '=', uuidFromId(teamId))
    .executeTakeFirst();
  if (row === undefined) throw new WrennError('not_found', `no capsule ${id}`);
  return { publicPorts: row.public_ports, generation: row.access_generation };
}

import {
  type CapsuleAction,
  type CapsuleId,
  type CapsuleState,
  canCapsule,
  capsuleActions,
  describeError,
  type HostId,
  idFromUuid,
  parseId,
  uuidFromId,
  WrennError,
} from '@wrenn/core';
import type { SandboxInfo } from '@wrenn/protocol/hostagent';
import type { Logger } from '@wrenn/service';
import { sql } from 'kysely';
import { transition } from '../capsules/store.ts';
import type { Database } from '../db/database.ts';
import { createDeadlineMs, type HostAgent } from './agent.ts';
import type { Host } from './store.ts';

interface Look {
  readonly database: Database;
  readonly agent: HostAgent;
  readonly log: Logger;
  readonly host: Host;
  readonly signal: AbortSignal;
}

interface Known {
  readonly id: CapsuleId;
  readonly status: CapsuleState;
  readonly ageMs: number;
}

/** Past its deadline a create is over, whoever ran it; the rest is for slow answers. */
const settleAfterMs = createDeadlineMs + 30_000;
/** A machine that the database does not know may be younger than a query: it is left alone for this long. */
const strangerAfterMs = 60_000;

/**
 * Makes one host's machines and rows agree; returns the epoch of the agent that answered.
 *
 * The rows are read before the host is asked: a row that ran then is on the host's list, or it is gone. And the
 * list is compared with rows that are read after it: what is on the list had its row before.
 */
export async function reconcile(look: Look): Promise<string> {
  const known = await liveRows(look.database, look.host.id);
  const { sandboxes, epoch } = await look.agent.list(look.signal);
  const machines = new Map(sandboxes.map((sandbox) => [sandbox.sandboxId, sandbox]));
  const isNewAgent = epoch !== look.host.epoch;
  for (const capsule of known) {
    const action = settle(capsule, machines.get(capsule.id), isNewAgent);
    if (action !== undefined && canCapsule(action, capsule.status)) await apply(look, capsule, action);
  }
  await noteActivity(look.database, sandboxes);
  await destroyStrangers(look, sandboxes);
  return epoch;
}

/** What a row needs, given the machine that its host has for it. */
export function settle(
  { status, ageMs }: Omit<Known, 'id'>,
  machine: Pick<SandboxInfo, 'status'> | undefined,
  isNewAgent: boolean,
): CapsuleAction | undefined {
  // A create may be under way; its own outcome counts until its deadline has passed.
  if (status === 'pending' || status === 'starting') {
    if (ageMs < settleAfterMs) return undefined;
    return machine?.status === 'running' ? 'find' : 'fail';
  }
  if (machine === undefined) return isNewAgent ? undefined : 'destroy';
  if (machine.status === 'error') return 'fail';
  return status === 'missing' ? 'find' : undefined;
}

async function apply({ database, log, host }: Look, capsule: Known, action: CapsuleAction): Promise<void> {
  try {
    await transition(database, capsule.id, action);
    log.info(
      { capsule: capsule.id, host: host.id, from: capsule.status, to: capsuleActions[action].to },
      'settled',
    );
  } catch (thrown) {
    // Somebody else changed it since it was read: theirs is newer.
    if (!(thrown instanceof WrennError && thrown.code === 'invalid_state')) throw thrown;
  }
}

async function liveRows(database: Database, hostId: HostId): Promise<Known[]> {
  const rows = await database
    .selectFrom('capsules')
    .select(['id', 'status', sql<number>`extract(epoch from now() - created_at)::float8 * 1000`.as('age_ms')])
    .where('host_id', '=', uuidFromId(hostId))
    .where('status', 'in', ['pending', 'starting', 'running', 'missing'])
    .execute();
  return rows.map((row) => ({ id: idFromUuid('capsule', row.id), status: row.status, ageMs: row.age_ms }));
}

/** Every capsule of a host that went away is missing until the host is back. Returns how many. */
export async function loseCapsules(database: Database, hostId: HostId): Promise<number> {
  const { from, to } = capsuleActions.lose;
  const { numUpdatedRows } = await database
    .updateTable('capsules')
    .set({ status: to, last_updated: sql`now()` })
    .where('host_id', '=', uuidFromId(hostId))
    .where('status', 'in', [...from])
    .executeTakeFirst();
  return Number(numUpdatedRows);
}

async function noteActivity(database: Database, sandboxes: readonly SandboxInfo[]): Promise<void> {
  if (sandboxes.length === 0) return;
  const ids = sandboxes.map(({ sandboxId }) => uuidFromId(parseId('capsule', sandboxId)));
  const times = sandboxes.map(({ lastActiveAtUnix }) => Number(lastActiveAtUnix));
  await sql`
    update capsules set last_active_at = to_timestamp(seen.at)
      from unnest(${ids}::uuid[], ${times}::float8[]) as seen (id, at)
     where capsules.id = seen.id and capsules.status = 'running' and capsules.last_active_at < to_timestamp(seen.at)
  `.execute(database);
}

/** Destroys machines without a row that wants them: of a create that was undone, of a database that was lost. */
async function destroyStrangers(look: Look, sandboxes: readonly SandboxInfo[]): Promise<void> {
  const old = sandboxes.filter(
    (sandbox) => Date.now() - Number(sandbox.createdAtUnix) * 1000 > strangerAfterMs,
  );
  if (old.length === 0) return;
  const rows = await look.database
    .selectFrom('capsules')
    .select('id')
    .where(
      'id',
      'in',
      old.map(({ sandboxId }) => uuidFromId(parseId('capsule', sandboxId))),
    )
    .where('status', 'not in', ['stopped', 'error'])
    .execute();
  const wanted = new Set<string>(rows.map((row) => idFromUuid('capsule', row.id)));
  for (const { sandboxId } of old.filter((sandbox) => !wanted.has(sandbox.sandboxId))) {
    try {
      await look.agent.destroy(parseId('capsule', sandboxId));
      look.log.warn({ capsule: sandboxId, host: look.host.id }, 'destroyed a machine that no row wants');
    } catch (thrown) {
      look.log.warn(
        { capsule: sandboxId, host: look.host.id, cause: describeError(thrown) },
        'destroying a machine',
      );
    }
  }
}

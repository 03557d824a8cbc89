import {
  type CapsuleAction,
  type CapsuleId,
  canCapsule,
  capsuleActions,
  describeError,
  type HostId,
  idFromUuid,
  parseId,
  type TeamId,
  uuidFromId,
} from '@wrenn/core';
import type { SandboxInfo } from '@wrenn/protocol/hostagent';
import type { Logger } from '@wrenn/service';
import { sql } from 'kysely';
import type { Audited } from '../audit/audited.ts';
import { askedFrom } from '../capsules/asked.ts';
import { leadingTo } from '../capsules/store.ts';
import type { Database, Queryable } from '../db/database.ts';
import { operationOf } from '../operations/of-happening.ts';
import { insertOperation } from '../operations/store.ts';
import { deleteStrangerSnapshots } from '../snapshots/reconcile.ts';
import { deleteStrangerImages } from '../templates/stranger-images.ts';
import { createDeadlineMs, type HostAgent } from './agent.ts';
import { happeningOf, type Settled } from './settled.ts';
import type { Host } from './store.ts';

interface Look extends Audited {
  readonly agent: HostAgent;
  readonly log: Logger;
  readonly host: Host;
  readonly signal: AbortSignal;
}

interface Known extends Settled {
  readonly id: CapsuleId;
  readonly teamId: TeamId;
  /** Since anybody changed it. */
  readonly ageMs: number;
  /** The time of that, as the database says it, with its microseconds. */
  readonly version: string;
}

/** Past its deadline a create is over, whoever ran it; the rest is for slow answers. */
const settleAfterMs = createDeadlineMs + 30_000;
/** A machine that the database does not know may be younger than a query: it is left alone for this long. */
const strangerAfterMs = 60_000;

/**
 * Makes one host's machines and rows agree; returns the epoch of the agent that answered.
 *
 * The rows are read before the host is asked: a row that ran then is on the host's list, or it is gone. And the
 * list is compared with rows that are read after it: what is on the list had its row before. A row is left alone while
 * a job works on its capsule, and when anybody changed it since it was read.
 */
export async function reconcile(look: Look): Promise<string> {
  const known = await liveRows(look.database, look.host.id);
  const { sandboxes, autoPausedSandboxIds, epoch } = await look.agent.list(look.signal);
  const machines = new Map(sandboxes.map((sandbox) => [sandbox.sandboxId, sandbox]));
  const autoPaused = new Set(autoPausedSandboxIds);
  const isNewAgent = epoch !== look.host.epoch;
  for (const capsule of known) {
    const action = settle(capsule, machines.get(capsule.id), isNewAgent);
    if (action === undefined || !canCapsule(action, capsule.status)) continue;
    const failure = machines.get(capsule.id)?.metadata['failure'];
    await apply(look, capsule, action, failure ?? reasonFor(capsule, action, autoPaused));
  }
  await noteActivity(look.database, sandboxes);
  await destroyStrangers(look, sandboxes);
  await compareSnapshots(look);
  await compareImages(look);
  return epoch;
}

/** What a row needs, given the machine that its host has for it, when no job works on it. */
export function settle(
  { status, ageMs }: Pick<Known, 'status' | 'ageMs'>,
  machine: Pick<SandboxInfo, 'status'> | undefined,
  isNewAgent: boolean,
): CapsuleAction | undefined {
  switch (status) {
    // A create may be under way; its own outcome counts until its deadline has passed.
    case 'pending':
      return ageMs < settleAfterMs ? undefined : settleBegun(machine);
    // Its resume is over, and did not write down how it ended.
    case 'starting':
      if (machine?.status === 'paused') return 'find_paused';
      return machine?.status === 'running' || ageMs >= settleAfterMs ? settleBegun(machine) : undefined;
    case 'paused':
      return settlePaused(machine, isNewAgent);
    case 'running':
    case 'missing':
      if (machine === undefined) return isNewAgent ? undefined : 'destroy';
      if (machine.status === 'error') return 'fail';
      if (machine.status === 'paused') return 'find_paused';
      return status === 'missing' && machine.status === 'running' ? 'find' : undefined;
    default:
      return undefined;
  }
}

function settleBegun(machine: Pick<SandboxInfo, 'status'> | undefined): CapsuleAction {
  // Paused by itself after the create: it is found first, and then seen to be paused.
  return machine?.status === 'running' || machine?.status === 'paused' ? 'find' : 'fail';
}

/** What was paused is somebody's work: it never ends as if they had ended it. */
function settlePaused(
  machine: Pick<SandboxInfo, 'status'> | undefined,
  isNewAgent: boolean,
): CapsuleAction | undefined {
  if (machine === undefined) return isNewAgent ? undefined : 'fail';
  if (machine.status === 'error') return 'fail';
  return machine.status === 'running' ? 'find' : undefined;
}

function reasonFor(
  { id, status }: Known,
  action: CapsuleAction,
  autoPaused: ReadonlySet<string>,
): string | undefined {
  if (action === 'find_paused' && autoPaused.has(id)) return 'auto_paused';
  return action === 'fail' && status === 'paused' ? 'its host has no usable state of it any more' : undefined;
}

async function apply(look: Look, capsule: Known, action: CapsuleAction, reason?: string): Promise<void> {
  const { database, recorder, log, host } = look;
  const { id, teamId, status } = capsule;
  const isSettled = await database.transaction().execute(async (transaction) => {
    if (!(await write(transaction, capsule, action, reason))) return false;
    const happening = happeningOf(capsule, action, reason);
    if (happening === undefined) return true;
    const operation = operationOf({ capsuleId: id, teamId }, happening, undefined);
    if (operation !== undefined) await insertOperation(transaction, operation);
    await recorder.record(transaction, { ...happening, teamId, resourceId: id });
    return true;
  });
  if (!isSettled) return;
  const level = action === 'fail' ? 'warn' : 'info';
  const to = capsuleActions[action].to;
  log[level](
    { capsule: id, host: host.id, from: status, to, ...(reason === undefined ? {} : { reason }) },
    'settled',
  );
}

/** False where anybody was faster. */
async function write(
  database: Queryable,
  { id, status, version }: Known,
  action: CapsuleAction,
  reason: string | undefined,
): Promise<boolean> {
  const row = await database
    .updateTable('capsules')
    .set({
      ...leadingTo(action),
      ...(action === 'fail' && reason !== undefined
        ? { facts: sql<string>`facts || ${JSON.stringify({ failure: reason })}::jsonb` }
        : {}),
      last_updated: sql`now()`,
    })
    .where('id', '=', uuidFromId(id))
    .where('status', '=', status)
    .where(sql<boolean>`last_updated::text = ${version}`)
    .where(isIdle)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

const isIdle = sql<boolean>`not exists (
  select from jobs where jobs.capsule_id = capsules.id and jobs.status = 'running')`;

async function liveRows(database: Database, hostId: HostId): Promise<Known[]> {
  const rows = await database
    .selectFrom('capsules')
    .select([
      'id',
      'team_id',
      'status',
      'asked',
      sql<number>`extract(epoch from now() - last_updated)::float8 * 1000`.as('age_ms'),
      sql<string>`last_updated::text`.as('version'),
    ])
    .where('host_id', '=', uuidFromId(hostId))
    .where('status', 'in', ['pending', 'starting', 'running', 'paused', 'missing'])
    .where(isIdle)
    .execute();
  return rows.map((row) => ({
    id: idFromUuid('capsule', row.id),
    teamId: idFromUuid('team', row.team_id),
    status: row.status,
    asked: askedFrom(row.asked),
    ageMs: row.age_ms,
    version: row.version,
  }));
}

/** What ran on a host that went away is missing until the host is back; what is paused is on its disk. Returns how many. */
export async function loseCapsules(database: Queryable, hostId: HostId): Promise<number> {
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
    .where('status', '!=', 'stopped')
    // One that ran and failed has a disk that its user may still want; one that never ran has nothing.
    .where((where) => where.or([where('status', '!=', 'error'), where('started_at', 'is not', null)]))
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

/** Snapshots are seldom many or urgent: a fault there must not make the host look away. */
async function compareSnapshots(look: Look): Promise<void> {
  try {
    const { snapshots } = await look.agent.listSnapshots(look.signal);
    await deleteStrangerSnapshots(look, snapshots);
  } catch (thrown) {
    if (look.signal.aborted) throw thrown;
    look.log.warn({ host: look.host.id, cause: describeError(thrown) }, "comparing a host's snapshots");
  }
}

async function compareImages(look: Look): Promise<void> {
  try {
    const { images } = await look.agent.listImages(look.signal);
    await deleteStrangerImages(look, images);
  } catch (thrown) {
    if (look.signal.aborted) throw thrown;
    look.log.warn({ host: look.host.id, cause: describeError(thrown) }, "comparing a host's images");
  }
}

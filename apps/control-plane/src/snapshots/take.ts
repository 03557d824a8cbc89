import {
  type CapsuleId,
  describeError,
  idFromUuid,
  type JobId,
  newId,
  nextCapsuleState,
  type SnapshotId,
  uuidFromId,
  WrennError,
} from '@wrenn/core';
import type { Doer } from '../access/principal.ts';
import { findCapsule, findPlaced } from '../capsules/store.ts';
import type { HostAgent } from '../hosts/agent.ts';
import type { ServerContext } from '../server-context.ts';
import { dropReservation, findBySnapshot, markReady, reserveName, templateOf } from '../templates/store.ts';
import type { Template } from '../templates/template.ts';
import { madeOf } from './made.ts';

/** The job that makes a snapshot of a capsule. */
export interface SnapshotJob extends Doer {
  readonly id: JobId;
  readonly capsuleId: CapsuleId;
}

export interface TakenSnapshot {
  readonly template: Template;
  readonly steps: readonly { readonly name: string; readonly durationMs: number }[];
  /** How long the capsule stood still; 0 for one that is paused. */
  readonly stillMs: number;
}

/** A job makes one snapshot, so that whoever finishes the job of a process that died knows which. */
function snapshotOfJob(id: JobId): SnapshotId {
  return idFromUuid('snapshot', uuidFromId(id));
}

/**
 * Copies a capsule's state into a snapshot with a name; the capsule goes on as it was. The name is taken before the
 * host is asked, and given back if the host does not do it.
 */
export async function takeSnapshot(
  context: ServerContext,
  job: SnapshotJob,
  name: string,
): Promise<TakenSnapshot> {
  const { database, agents } = context;
  const { teamId, capsuleId } = job;
  const snapshotId = snapshotOfJob(job.id);
  const capsule = await findCapsule(database, teamId, capsuleId);
  nextCapsuleState('snapshot', capsule.status);
  const [{ host }, source] = await Promise.all([
    findPlaced(database, teamId, capsuleId),
    templateOf(database, capsuleId),
  ]);
  await reserveName(database, {
    id: newId('template'),
    teamId,
    name,
    snapshotId,
    hostId: host.id,
    vcpus: capsule.vcpus,
    memoryMb: capsule.memoryMb,
    defaultUser: source.defaultUser,
    defaultEnv: source.defaultEnv,
    defaultWorkdir: source.defaultWorkdir,
    parent: source.id,
    sourceCapsule: capsuleId,
  });
  const agent = agents.of(host);
  try {
    return await askHost(context, agent, job);
  } catch (thrown) {
    await undo(context, agent, snapshotId);
    throw thrown;
  }
}

/**
 * Goes on with a snapshot whose process died. The host makes it once, however often it is asked. Undefined where
 * nothing was begun.
 */
export async function finishSnapshot(
  context: ServerContext,
  job: SnapshotJob,
): Promise<TakenSnapshot | undefined> {
  const { teamId, capsuleId } = job;
  const snapshotId = snapshotOfJob(job.id);
  const found = await findBySnapshot(context.database, snapshotId);
  if (found === undefined) return undefined;
  if (found.isReady) return { template: found.template, steps: [], stillMs: 0 };
  const { host } = await findPlaced(context.database, teamId, capsuleId);
  const agent = context.agents.of(host);
  try {
    return await askHost(context, agent, job);
  } catch (thrown) {
    // A host that does not answer may have it: the name stays taken until that is known.
    const error = WrennError.from(thrown, 'finishing a snapshot');
    if (!error.retryable) await undo(context, agent, snapshotId);
    throw error;
  }
}

async function askHost(
  context: ServerContext,
  agent: HostAgent,
  { id, actor, capsuleId }: SnapshotJob,
): Promise<TakenSnapshot> {
  const snapshotId = snapshotOfJob(id);
  const { snapshot, steps, stillMs } = await agent.snapshot(capsuleId, snapshotId);
  if (snapshot === undefined) throw new WrennError('agent_error', 'the host does not say what it has made');
  const template = await markReady(context, { id: snapshotId, made: madeOf(snapshot), capsuleId, actor });
  if (template === undefined)
    throw new WrennError('conflict', 'the snapshot was given up while it was made', { remedy: 'try again' });
  return { template, steps: steps.map(({ name, durationMs }) => ({ name, durationMs })), stillMs };
}

async function undo({ database, log }: ServerContext, agent: HostAgent, id: SnapshotId): Promise<void> {
  const outcomes = await Promise.allSettled([dropReservation(database, id), agent.deleteSnapshot(id)]);
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') {
      log.warn(
        { snapshot: id, cause: describeError(outcome.reason) },
        'undoing a snapshot is left to the host monitor',
      );
    }
  }
}

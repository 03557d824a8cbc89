import { type CapsuleId, describeError, type TeamId, uuidFromId, WrennError } from '@wrenn/core';
import type { CreateSandboxResponse } from '@wrenn/protocol/hostagent';
import { sql } from 'kysely';
import type { Doer } from '../access/principal.ts';
import { recordAlone, recordFailure } from '../audit/failure.ts';
import type { HostAgent } from '../hosts/agent.ts';
import { type OperationStep, parseReceipt } from '../operations/operation.ts';
import type { ServerContext } from '../server-context.ts';
import { type Asked, failedMaking } from './asked.ts';
import { type Capsule, diskSizeMb } from './capsule.ts';
import { type CapsuleSpec, type Reservation, reserve } from './reserve.ts';
import { transition } from './store.ts';

export interface CreateRequest extends CapsuleSpec {
  readonly envs: Readonly<Record<string, string>>;
}

export interface CreatedCapsule {
  readonly capsule: Capsule;
  /** What the time went to, in order. */
  readonly steps: readonly OperationStep[];
}

/**
 * Makes a capsule. It runs to its end whether or not the client still waits, and ends in one of two ways: the
 * capsule runs, or the row says `error` and the host was told to destroy what it had. When this process dies in
 * between, the host monitor settles the row.
 */
export async function createCapsule(
  context: ServerContext,
  { teamId, actor }: Doer,
  request: CreateRequest,
): Promise<CreatedCapsule> {
  const began = performance.now();
  const startedAt = new Date();
  const asked: Asked = { what: 'capsule.create', actor, metadata: { template: nameOf(request.template) } };
  const reservation = await reserveFor(context, teamId, asked, request);
  const { id, host } = reservation;
  const agent = context.agents.of(host);
  const reserved = performance.now();
  try {
    const answer = await agent.create(toAgent(reservation, teamId, request));
    const changes = {
      facts: JSON.stringify(answer.metadata),
      host_ip: answer.hostIp,
      started_at: sql<Date>`now()`,
      last_active_at: sql<Date>`now()`,
    };
    const steps = [{ name: 'schedule', durationMs: reserved - began }, ...stepsOf(answer)];
    const report = { startedAt, steps, receipt: parseReceipt(answer.receipt) };
    const capsule = await transition(context, { id, action: 'started', changes, happening: asked, report });
    return { capsule, steps };
  } catch (thrown) {
    await undo(context, agent, id, { teamId, asked, startedAt, thrown });
    throw thrown;
  }
}

async function reserveFor(
  context: ServerContext,
  teamId: TeamId,
  asked: Asked,
  request: CreateRequest,
): Promise<Reservation> {
  try {
    return await reserve(context.database, teamId, asked, request);
  } catch (thrown) {
    await recordFailure(context, { teamId, ...asked }, thrown);
    throw thrown;
  }
}

function toAgent({ id, template, shape }: Reservation, teamId: TeamId, request: CreateRequest) {
  return {
    sandboxId: id,
    template: template.name,
    snapshotId: template.type === 'snapshot' ? template.snapshotId : '',
    imageId: template.type === 'base' ? (template.image?.id ?? '') : '',
    templateId: uuidFromId(template.id),
    teamId: uuidFromId(teamId),
    ...shape,
    timeoutSec: request.timeoutSec,
    diskSizeMb,
    defaultUser: template.defaultUser,
    defaultEnv: { ...template.defaultEnv, ...request.envs },
    defaultWorkdir: template.defaultWorkdir,
  };
}

function nameOf(template: CapsuleSpec['template']): string {
  return typeof template === 'string' ? template : template.name;
}

function stepsOf(answer: CreateSandboxResponse): OperationStep[] {
  return answer.steps.map(({ name, durationMs }) => ({ name, durationMs }));
}

export interface Unmade {
  readonly teamId: TeamId;
  readonly asked: Asked;
  readonly startedAt: Date;
  readonly thrown: unknown;
}

/**
 * Takes back a capsule that was not made to its end, and writes why to the audit log. What cannot be undone now is
 * settled by the host monitor: it destroys what a host has without a live row.
 */
export async function undo(
  context: ServerContext,
  agent: HostAgent,
  id: CapsuleId,
  { teamId, asked, startedAt, thrown }: Unmade,
): Promise<void> {
  const happening = failedMaking(asked, thrown);
  const { code, message } = WrennError.from(thrown, 'making the capsule');
  const report = { startedAt, steps: [], failure: { code, message } };
  const [failed, destroyed] = await Promise.allSettled([
    transition(context, { id, action: 'fail', happening, report }),
    agent.destroy(id),
  ]);
  for (const outcome of [failed, destroyed]) {
    if (outcome.status === 'rejected') {
      context.log.warn(
        { capsule: id, cause: describeError(outcome.reason) },
        'undoing a create is left to the host monitor',
      );
    }
  }
  // Somebody has destroyed it meanwhile: nothing changes with what is still to be written.
  if (failed.status === 'rejected' && WrennError.from(failed.reason).code === 'invalid_state')
    await recordAlone(context, { ...happening, teamId, resourceId: id });
}

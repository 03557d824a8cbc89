import { type CapsuleId, describeError, type TeamId, uuidFromId } from '@wrenn/core';
import type { CreateSandboxResponse } from '@wrenn/protocol/hostagent';
import { sql } from 'kysely';
import type { HostAgent } from '../hosts/agent.ts';
import type { ServerContext } from '../server-context.ts';
import { type Capsule, diskSizeMb } from './capsule.ts';
import { type CapsuleSpec, type Reservation, reserve } from './reserve.ts';
import { transition } from './store.ts';

export interface CreateRequest extends CapsuleSpec {
  readonly envs: Readonly<Record<string, string>>;
}

export interface Step {
  readonly name: string;
  readonly durationMs: number;
}

export interface CreatedCapsule {
  readonly capsule: Capsule;
  /** What the time went to, in order. */
  readonly steps: readonly Step[];
}

/**
 * Makes a capsule. It runs to its end whether or not the client still waits, and ends in one of two ways: the
 * capsule runs, or the row says `error` and the host was told to destroy what it had. When this process dies in
 * between, the host monitor settles the row.
 */
export async function createCapsule(
  context: ServerContext,
  teamId: TeamId,
  request: CreateRequest,
): Promise<CreatedCapsule> {
  const began = performance.now();
  const reservation = await reserve(context.database, teamId, request);
  const agent = context.agents.of(reservation.host);
  const reserved = performance.now();
  try {
    const answer = await agent.create(toAgent(reservation, teamId, request));
    const capsule = await transition(context.database, reservation.id, 'started', {
      facts: JSON.stringify(answer.metadata),
      host_ip: answer.hostIp,
      started_at: sql<Date>`now()`,
      last_active_at: sql<Date>`now()`,
    });
    return { capsule, steps: [{ name: 'schedule', durationMs: reserved - began }, ...stepsOf(answer)] };
  } catch (thrown) {
    await undo(context, agent, reservation.id);
    throw thrown;
  }
}

function toAgent({ id, template, shape }: Reservation, teamId: TeamId, request: CreateRequest) {
  return {
    sandboxId: id,
    template: template.name,
    snapshotId: template.type === 'snapshot' ? template.snapshotId : '',
    templateId: uuidFromId(template.id),
    teamId: uuidFromId(teamId),
    ...shape,
    timeoutSec: request.timeoutSec,
    diskSizeMb,
    defaultUser: template.defaultUser,
    defaultEnv: { ...template.defaultEnv, ...request.envs },
  };
}

function stepsOf(answer: CreateSandboxResponse): Step[] {
  return answer.steps.map(({ name, durationMs }) => ({ name, durationMs }));
}

/** What cannot be undone now is settled by the host monitor: it destroys what a host has without a live row. */
async function undo({ database, log }: ServerContext, agent: HostAgent, id: CapsuleId): Promise<void> {
  const [failed, destroyed] = await Promise.allSettled([transition(database, id, 'fail'), agent.destroy(id)]);
  for (const outcome of [failed, destroyed]) {
    if (outcome.status === 'rejected') {
      log.warn(
        { capsule: id, cause: describeError(outcome.reason) },
        'undoing a create is left to the host monitor',
      );
    }
  }
}

import {
  type CapsuleId,
  describeError,
  type ErrorCode,
  errorCodes,
  nextCapsuleState,
  type TeamId,
  WrennError,
} from '@wrenn/core';
import type { ForkSandboxResponse, ForkSandboxResponse_Child } from '@wrenn/protocol/hostagent';
import { sql } from 'kysely';
import type { HostAgent } from '../hosts/agent.ts';
import type { ServerContext } from '../server-context.ts';
import { templateOf } from '../templates/store.ts';
import type { Capsule } from './capsule.ts';
import type { Step } from './create.ts';
import { type Children, type ChildrenSpec, reserveChildren, touchChildren } from './reserve-children.ts';
import { findCapsule, transition } from './store.ts';

export interface FailedChild {
  readonly id: CapsuleId;
  readonly error: WrennError;
}

export interface Fork {
  readonly capsules: readonly Capsule[];
  readonly failed: readonly FailedChild[];
  readonly steps: readonly Step[];
  /** How long the parent stood still; 0 for one that is paused. */
  readonly stillMs: number;
}

/** Well under the age at which the host monitor gives up a row that nobody touches. */
const touchEveryMs = 20_000;

/**
 * Starts children from the state that a capsule has now; it goes on as it was. Throws the first fault if none of them
 * runs. When this process dies in between, the host monitor settles the rows of the children.
 */
export async function forkCapsule(
  context: ServerContext,
  teamId: TeamId,
  parentId: CapsuleId,
  spec: ChildrenSpec,
): Promise<Fork> {
  const began = performance.now();
  const { database } = context;
  const parent = await findCapsule(database, teamId, parentId);
  nextCapsuleState('snapshot', parent.status);
  const children = await reserveChildren(database, parent, await templateOf(database, parentId), spec);
  const schedule = { name: 'schedule', durationMs: performance.now() - began };
  const agent = context.agents.of(children.host);
  const answer = await askHost(context, agent, parentId, children);
  const { capsules, failed } = await settleAll(context, agent, children.ids, answer);
  const [fault] = failed;
  if (capsules.length === 0 && fault !== undefined) throw fault.error;
  const steps = answer.steps.map(({ name, durationMs }) => ({ name, durationMs }));
  return { capsules, failed, steps: [schedule, ...steps], stillMs: answer.stillMs };
}

async function askHost(
  context: ServerContext,
  agent: HostAgent,
  parent: CapsuleId,
  { ids, timeoutSec }: Children,
): Promise<ForkSandboxResponse> {
  const { database, log } = context;
  const timer = setInterval(() => {
    touchChildren(database, ids).catch((thrown: unknown) => {
      log.warn({ capsule: parent, cause: describeError(thrown) }, 'saying that a fork goes on');
    });
  }, touchEveryMs);
  try {
    return await agent.fork(
      parent,
      ids.map((sandboxId) => ({ sandboxId, timeoutSec })),
    );
  } catch (thrown) {
    await Promise.all(ids.map((id) => remove(context, agent, id)));
    throw thrown;
  } finally {
    clearInterval(timer);
  }
}

async function settleAll(
  context: ServerContext,
  agent: HostAgent,
  ids: readonly CapsuleId[],
  answer: ForkSandboxResponse,
): Promise<{ capsules: Capsule[]; failed: FailedChild[] }> {
  const answers = new Map(answer.children.map((child) => [child.sandboxId, child]));
  const capsules: Capsule[] = [];
  const failed: FailedChild[] = [];
  // One after the other: a hundred at once would take every database connection from the others.
  for (const id of ids) {
    try {
      capsules.push(await settle(context, id, answers.get(id)));
    } catch (thrown) {
      failed.push({ id, error: WrennError.from(thrown, 'starting a child') });
      await remove(context, agent, id);
    }
  }
  return { capsules, failed };
}

async function settle(
  { database }: ServerContext,
  id: CapsuleId,
  child: ForkSandboxResponse_Child | undefined,
): Promise<Capsule> {
  if (child === undefined)
    throw new WrennError('agent_error', 'the host does not say what became of the child');
  if (child.errorCode !== '') throw new WrennError(codeOf(child.errorCode), child.error);
  return await transition(database, id, 'started', {
    facts: JSON.stringify(child.metadata),
    host_ip: child.hostIp,
    started_at: sql<Date>`now()`,
    last_active_at: sql<Date>`now()`,
  });
}

function codeOf(text: string): ErrorCode {
  return Object.hasOwn(errorCodes, text) ? (text as ErrorCode) : 'agent_error';
}

/** What cannot be undone now is settled by the host monitor: it destroys what a host has without a live row. */
async function remove({ database, log }: ServerContext, agent: HostAgent, id: CapsuleId): Promise<void> {
  const outcomes = await Promise.allSettled([transition(database, id, 'fail'), agent.destroy(id)]);
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected')
      log.warn(
        { capsule: id, cause: describeError(outcome.reason) },
        'undoing a child is left to the host monitor',
      );
  }
}

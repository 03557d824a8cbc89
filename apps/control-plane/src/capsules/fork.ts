import {
  atMost,
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
import type { Doer } from '../access/principal.ts';
import { recordFailure } from '../audit/failure.ts';
import type { HostAgent } from '../hosts/agent.ts';
import { type OperationStep, parseReceipt } from '../operations/operation.ts';
import type { ServerContext } from '../server-context.ts';
import { templateOf } from '../templates/store.ts';
import type { Asked } from './asked.ts';
import type { Capsule } from './capsule.ts';
import { undo } from './create.ts';
import { type Children, type ChildrenSpec, reserveChildren, touchChildren } from './reserve-children.ts';
import { findCapsule, transition } from './store.ts';

export interface FailedChild {
  readonly id: CapsuleId;
  readonly error: WrennError;
}

export interface Fork {
  readonly capsules: readonly Capsule[];
  readonly failed: readonly FailedChild[];
  readonly steps: readonly OperationStep[];
  /** How long the parent stood still; 0 for one that is paused. */
  readonly stillMs: number;
}

/** Well under the age at which the host monitor gives up a row that nobody touches. */
const touchEveryMs = 20_000;
const removedAtOnce = 8;

/**
 * Starts children from the state that a capsule has now; it goes on as it was. Throws the first fault if none of them
 * runs. When this process dies in between, the host monitor settles the rows of the children.
 */
export async function forkCapsule(
  context: ServerContext,
  { teamId, actor }: Doer,
  parentId: CapsuleId,
  wanted: Omit<ChildrenSpec, 'asked'>,
): Promise<Fork> {
  const began = performance.now();
  const startedAt = new Date();
  const asked: Asked = { what: 'capsule.fork', actor, metadata: { parent: parentId } };
  const { parent, children } = await reserveFor(context, teamId, parentId, { ...wanted, asked });
  const schedule = { name: 'schedule', durationMs: performance.now() - began };
  const agent = context.agents.of(children.host);
  const making = { context, agent, teamId, asked, startedAt };
  const answer = await askHost(making, parent.id, children);
  const { capsules, failed } = await settleAll(making, children.ids, answer);
  const [fault] = failed;
  if (capsules.length === 0 && fault !== undefined) throw fault.error;
  const steps = answer.steps.map(({ name, durationMs }) => ({ name, durationMs }));
  return { capsules, failed, steps: [schedule, ...steps], stillMs: answer.stillMs };
}

/** What all children of one fork have in common. */
interface Making {
  readonly context: ServerContext;
  readonly agent: HostAgent;
  readonly teamId: TeamId;
  readonly asked: Asked;
  readonly startedAt: Date;
}

async function reserveFor(
  context: ServerContext,
  teamId: TeamId,
  parentId: CapsuleId,
  spec: ChildrenSpec,
): Promise<{ parent: Capsule; children: Children }> {
  const { database } = context;
  try {
    const parent = await findCapsule(database, teamId, parentId);
    nextCapsuleState('snapshot', parent.status);
    const template = await templateOf(database, parentId);
    return { parent, children: await reserveChildren(database, parent, template, spec) };
  } catch (thrown) {
    await recordFailure(context, { teamId, ...spec.asked }, thrown);
    throw thrown;
  }
}

async function askHost(
  making: Making,
  parent: CapsuleId,
  { ids, timeoutSec }: Children,
): Promise<ForkSandboxResponse> {
  const { agent } = making;
  const { database, log } = making.context;
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
    await atMost(removedAtOnce, ids, (id) => remove(making, id, thrown));
    throw thrown;
  } finally {
    clearInterval(timer);
  }
}

async function settleAll(
  making: Making,
  ids: readonly CapsuleId[],
  answer: ForkSandboxResponse,
): Promise<{ capsules: Capsule[]; failed: FailedChild[] }> {
  const answers = new Map(answer.children.map((child) => [child.sandboxId, child]));
  const capsules: Capsule[] = [];
  const failed: FailedChild[] = [];
  // One after the other: a hundred at once would take every database connection from the others.
  for (const id of ids) {
    try {
      capsules.push(await settle(making, id, answers.get(id)));
    } catch (thrown) {
      failed.push({ id, error: WrennError.from(thrown, 'starting a child') });
      await remove(making, id, thrown);
    }
  }
  return { capsules, failed };
}

async function settle(
  { context, asked, startedAt }: Making,
  id: CapsuleId,
  child: ForkSandboxResponse_Child | undefined,
): Promise<Capsule> {
  if (child === undefined)
    throw new WrennError('agent_error', 'the host does not say what became of the child');
  if (child.errorCode !== '') throw new WrennError(codeOf(child.errorCode), child.error);
  const changes = {
    facts: JSON.stringify(child.metadata),
    host_ip: child.hostIp,
    started_at: sql<Date>`now()`,
    last_active_at: sql<Date>`now()`,
  };
  // What the time went to is the same for all children: their parent has it.
  const report = { startedAt, steps: [], receipt: parseReceipt(child.receipt) };
  return await transition(context, { id, action: 'started', changes, happening: asked, report });
}

function codeOf(text: string): ErrorCode {
  return Object.hasOwn(errorCodes, text) ? (text as ErrorCode) : 'agent_error';
}

async function remove({ context, agent, ...unmade }: Making, id: CapsuleId, thrown: unknown): Promise<void> {
  await undo(context, agent, id, { ...unmade, thrown });
}

import { type CapsuleId, deadline, until, WrennError } from '@wrenn/core';
import type { HostAgent } from '../../hosts/agent.ts';

/** A guest falls silent a moment before its host sees its machine end. */
const noticeMs = 10_000;
const lookEveryMs = 250;

/** As faults of calls to a guest have it whose machine has ended, or is about to. */
const suspicious: readonly string[] = ['host_unavailable', 'invalid_state'];

/**
 * What to throw for a fault of a call to a guest. Where what ran in the capsule has ended it, that: no other go helps
 * against it. Else the fault as it is; a host that does not answer says nothing of its capsules.
 */
export async function explained(
  thrown: unknown,
  { agent, id, signal }: { agent: HostAgent; id: CapsuleId; signal: AbortSignal },
): Promise<unknown> {
  const { code } = WrennError.from(thrown);
  if (!suspicious.includes(code) || signal.aborted) return thrown;
  using limit = deadline(noticeMs, 'looking whether the capsule has ended', signal);
  const state = await until(() => look(agent, id, limit), lookEveryMs, limit).catch(() => undefined);
  if (state?.kind !== 'ended') return thrown;
  return new WrennError('invalid_state', `the capsule ended: ${state.why}`, {
    cause: thrown,
    remedy: 'leave what the capsule itself runs by alone, and give it the memory that the step needs',
  });
}

type State = { readonly kind: 'ended'; readonly why: string } | { readonly kind: 'alive' };

/** Undefined while its host takes it for running, and it does not answer. */
async function look(agent: HostAgent, id: CapsuleId, signal: AbortSignal): Promise<State | undefined> {
  const { sandboxes } = await agent.list(signal);
  const found = sandboxes.find(({ sandboxId }) => sandboxId === id);
  if (found?.status === 'error')
    return { kind: 'ended', why: found.metadata['failure'] ?? 'its machine failed' };
  return await agent.listProcesses(id, signal).then(
    () => ({ kind: 'alive' }),
    () => undefined,
  );
}

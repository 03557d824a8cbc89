import { WrennError } from './errors.ts';

/** What a capsule can be, as users see it. The database checks it, the API documents it. */
export const capsuleStates = [
  'pending',
  'starting',
  'running',
  'paused',
  'stopped',
  'missing',
  'error',
] as const;
export type CapsuleState = (typeof capsuleStates)[number];

/**
 * Action -> the states it is allowed in, and the state it leads to; `unchanged` leads to none. The server enforces this
 * table.
 */
export const capsuleActions = {
  start: { from: ['pending'], to: 'starting' },
  started: { from: ['pending', 'starting'], to: 'running' },
  fail: { from: ['pending', 'starting', 'running', 'paused', 'missing'], to: 'error' },
  lose: { from: ['pending', 'starting', 'running'], to: 'missing' },
  find: { from: ['missing', 'pending', 'starting', 'paused'], to: 'running' },
  exec: { from: ['running'], to: 'unchanged' },
  ping: { from: ['running'], to: 'unchanged' },
  pause: { from: ['running'], to: 'paused' },
  /** Asked for; `started` follows, or `find_paused` where it failed: then nothing was lost. */
  resume: { from: ['paused'], to: 'starting' },
  /** Its host has it paused, whatever was thought of it. */
  find_paused: { from: ['starting', 'running', 'missing'], to: 'paused' },
  /** Named snapshot, checkpoint and fork: the capsule goes on as it was. */
  snapshot: { from: ['running', 'paused'], to: 'unchanged' },
  destroy: { from: ['pending', 'starting', 'running', 'paused', 'missing', 'error'], to: 'stopped' },
} as const satisfies Record<string, { from: readonly CapsuleState[]; to: CapsuleState | 'unchanged' }>;
export type CapsuleAction = keyof typeof capsuleActions;

export function canCapsule(action: CapsuleAction, state: CapsuleState): boolean {
  const from: readonly CapsuleState[] = capsuleActions[action].from;
  return from.includes(state);
}

/** The state that `action` leads to; `invalid_state` where the table does not allow it. */
export function nextCapsuleState(action: CapsuleAction, state: CapsuleState): CapsuleState {
  if (!canCapsule(action, state)) {
    throw new WrennError('invalid_state', `a capsule that is ${state} cannot ${action}`, {
      remedy: `${action} needs a capsule that is ${capsuleActions[action].from.join(' or ')}`,
    });
  }
  const { to } = capsuleActions[action];
  return to === 'unchanged' ? state : to;
}

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

/** Action -> the states it is allowed in, and the state it leads to. The server enforces this table. */
export const capsuleActions = {
  start: { from: ['pending'], to: 'starting' },
  started: { from: ['pending', 'starting'], to: 'running' },
  fail: { from: ['pending', 'starting', 'running', 'missing'], to: 'error' },
  lose: { from: ['pending', 'starting', 'running'], to: 'missing' },
  find: { from: ['missing', 'pending', 'starting'], to: 'running' },
  exec: { from: ['running'], to: 'running' },
  destroy: { from: ['pending', 'starting', 'running', 'paused', 'missing', 'error'], to: 'stopped' },
} as const satisfies Record<string, { from: readonly CapsuleState[]; to: CapsuleState }>;
export type CapsuleAction = keyof typeof capsuleActions;

export function canCapsule(action: CapsuleAction, state: CapsuleState): boolean {
  const from: readonly CapsuleState[] = capsuleActions[action].from;
  return from.includes(state);
}

/** The state that `action` leads to; `invalid_state` where the table does not allow it. */
export function nextCapsuleState(action: CapsuleAction, state: CapsuleState): CapsuleState {
  if (canCapsule(action, state)) return capsuleActions[action].to;
  throw new WrennError('invalid_state', `a capsule that is ${state} cannot ${action}`, {
    remedy: `${action} needs a capsule that is ${capsuleActions[action].from.join(' or ')}`,
  });
}

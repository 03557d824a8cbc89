import { type CapsuleState, canCapsule, capsuleActions } from '@wrenn/core/capsule-state';
import type { IconName } from '#lib/ui/Icon.svelte';

/** What a person can do with a capsule. */
export const operations = {
  pause: { label: 'Pause', icon: 'pause', action: 'pause', during: 'pausing', done: 'is paused' },
  resume: { label: 'Resume', icon: 'play', action: 'resume', during: 'resuming', done: 'runs again' },
  snapshot: {
    label: 'Snapshot',
    icon: 'snapshots',
    action: 'snapshot',
    during: 'snapshotting',
    done: 'is kept',
  },
  checkpoint: {
    label: 'Checkpoint',
    icon: 'check',
    action: 'snapshot',
    during: 'checkpointing',
    done: 'is kept',
  },
  fork: { label: 'Fork', icon: 'fork', action: 'snapshot', during: 'forking', done: 'is forked' },
  destroy: { label: 'Destroy', icon: 'trash', action: 'destroy', during: 'destroying', done: 'is destroyed' },
} as const satisfies Record<string, OperationFacts>;

interface OperationFacts {
  readonly label: string;
  readonly icon: IconName;
  /** Of the table of states. */
  readonly action: 'pause' | 'resume' | 'snapshot' | 'destroy';
  /** The state that is shown while it is under way. */
  readonly during: string;
  readonly done: string;
}

export type Operation = keyof typeof operations;
export const operationNames = Object.keys(operations) as readonly Operation[];

/** Why the operation cannot be asked for in this state; undefined where it can. */
export function whyNot(
  operation: Operation,
  state: CapsuleState,
  during: string | undefined,
): string | undefined {
  if (during !== undefined) return `It is ${during}.`;
  const { action } = operations[operation];
  if (canCapsule(action, state)) return undefined;
  if (state === 'stopped') return 'It is destroyed.';
  return `It is ${state}; this needs one that is ${either(capsuleActions[action].from)}.`;
}

function either(states: readonly CapsuleState[]): string {
  return states.length < 2 ? states.join('') : `${states.slice(0, -1).join(', ')} or ${states.at(-1)}`;
}

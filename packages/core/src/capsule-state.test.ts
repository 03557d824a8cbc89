import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import {
  type CapsuleAction,
  canCapsule,
  capsuleActions,
  capsuleStates,
  nextCapsuleState,
} from './capsule-state.ts';

const actions = Object.keys(capsuleActions) as CapsuleAction[];

describe('the capsule state table', () => {
  test.prop([fc.constantFrom(...actions), fc.constantFrom(...capsuleStates)])(
    'allows exactly what it lists',
    (action, state) => {
      const { to } = capsuleActions[action];
      if (canCapsule(action, state))
        expect(nextCapsuleState(action, state)).toBe(to === 'unchanged' ? state : to);
      else
        expect(() => nextCapsuleState(action, state)).toThrow(
          expect.objectContaining({ code: 'invalid_state' }),
        );
    },
  );

  it('has no way out of stopped', () => {
    expect(actions.filter((action) => canCapsule(action, 'stopped'))).toEqual([]);
  });

  it('can destroy whatever is not stopped', () => {
    const others = capsuleStates.filter((state) => state !== 'stopped');
    expect(others.every((state) => canCapsule('destroy', state))).toBe(true);
  });
});

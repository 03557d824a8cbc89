import { newId } from '@wrenn/core';
import { describe, expect, it, vi } from 'vitest';
import { pingCapsule } from './ping-capsule.ts';
import { StandInCapsules } from './testing/stand-in-capsules.ts';

describe('a ping', () => {
  it('counts as a use', () => {
    const host = new StandInCapsules();
    const { id, activity } = host.add({});
    const touched = vi.spyOn(activity, 'touch');
    pingCapsule(host.context, id);
    expect(touched).toHaveBeenCalledTimes(1);
  });

  it('of a capsule that is paused, or that is not here, says so', () => {
    const host = new StandInCapsules();
    const { id } = host.add({});
    host.settlePaused(id);
    expect(() => pingCapsule(host.context, id)).toThrow(expect.objectContaining({ code: 'invalid_state' }));
    expect(() => pingCapsule(host.context, newId('capsule'))).toThrow(
      expect.objectContaining({ code: 'not_found' }),
    );
  });

  it('of a capsule on its way to disk is told to come again', () => {
    const host = new StandInCapsules();
    const { id } = host.add({ phase: 'pausing' });
    expect(() => pingCapsule(host.context, id)).toThrow(
      expect.objectContaining({ code: 'busy', retryable: true }),
    );
  });
});

import { expect, it } from 'vitest';
import { Admission } from './admission.ts';

it('a host takes on capsules until it drains, and says then what to do', () => {
  const admission = new Admission();
  expect(() => admission.requireOpen()).not.toThrow();
  admission.drain();
  admission.drain();
  expect(admission.state).toBe('draining');
  expect(() => admission.requireOpen()).toThrow(
    expect.objectContaining({ code: 'host_unavailable', retryable: true, remedy: expect.any(String) }),
  );
});

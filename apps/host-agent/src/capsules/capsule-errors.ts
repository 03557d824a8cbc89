import { type CapsuleId, WrennError } from '@wrenn/core';

export function notOnHost(id: CapsuleId): WrennError {
  return new WrennError('not_found', `capsule ${id} is not on this host`);
}

export function notRunnable(id: CapsuleId): WrennError {
  return new WrennError('invalid_state', `capsule ${id} failed: its virtual machine ended by itself`, {
    remedy: 'destroy the capsule and create a new one',
  });
}

export function isPaused(id: CapsuleId): WrennError {
  return new WrennError('invalid_state', `capsule ${id} is paused`, { remedy: 'resume it first' });
}

import { type CapsuleId, parseId, Secret } from '@wrenn/core';
import type { Cgroup } from '../cgroup/cgroup.ts';
import type { Machine } from '../engine/engine.ts';
import { GuestClient } from '../guest/guest-client.ts';
import type { Slot } from '../network/slot.ts';
import type { CapsuleRecord } from './capsule-record.ts';

/** A capsule whose machine runs, with everything that it holds of the host. */
export interface RunningCapsule {
  readonly kind: 'running';
  readonly id: CapsuleId;
  record: CapsuleRecord;
  readonly machine: Machine;
  readonly slot: Slot;
  readonly cgroup: Cgroup;
  readonly guest: GuestClient;
}

/** A capsule whose machine ended without being told to. Its disk is kept, its slot and cgroup are free again. */
export interface FailedCapsule {
  readonly kind: 'failed';
  readonly id: CapsuleId;
  readonly record: CapsuleRecord;
}

export type Capsule = RunningCapsule | FailedCapsule;

export function runningCapsule(
  record: CapsuleRecord,
  parts: { machine: Machine; slot: Slot; cgroup: Cgroup },
): RunningCapsule {
  const guest = new GuestClient(parts.slot.hostAddress, new Secret(record.accessToken));
  return { kind: 'running', id: parseId('capsule', record.capsuleId), record, guest, ...parts };
}

import { type CapsuleId, parseId, Secret } from '@wrenn/core';
import type { Logger } from '@wrenn/service';
import type { Cgroup } from '../cgroup/cgroup.ts';
import { CpuShare } from '../cgroup/cpu-share.ts';
import type { Machine } from '../engine/engine.ts';
import { GuestClient } from '../guest/guest-client.ts';
import type { Slot } from '../network/slot.ts';
import type { Hold } from '../snapshots/snapshot-store.ts';
import { Activity } from './activity.ts';
import type { CapsuleRecord } from './capsule-record.ts';

/** A capsule whose machine runs, with everything that it holds of the host. */
export interface RunningCapsule {
  readonly kind: 'running';
  readonly id: CapsuleId;
  record: CapsuleRecord;
  /** The snapshot that its memory and disk lie on; undefined: its template. Another one after each checkpoint. */
  parent: Hold | undefined;
  readonly machine: Machine;
  readonly slot: Slot;
  readonly cgroup: Cgroup;
  readonly guest: GuestClient;
  readonly activity: Activity;
  /** Undefined where the host does not share out its processors. */
  readonly cpuShare: CpuShare | undefined;
}

/** A capsule that is only on disk. */
export interface PausedCapsule {
  readonly kind: 'paused';
  readonly id: CapsuleId;
  readonly record: CapsuleRecord;
  readonly state: Hold;
}

/**
 * A capsule that cannot run: its machine ended without being told to, or what it was paused to is gone. Its disk is
 * kept until it is destroyed; its slot and cgroup are free again.
 */
export interface FailedCapsule {
  readonly kind: 'failed';
  readonly id: CapsuleId;
  readonly record: CapsuleRecord;
  readonly parent: Hold | undefined;
}

export type Capsule = RunningCapsule | PausedCapsule | FailedCapsule;

/** The parts of a running capsule that are made with its machine, and end with it. */
export interface MachineParts {
  readonly machine: Machine;
  readonly slot: Slot;
  readonly cgroup: Cgroup;
}

export function runningCapsule(
  record: CapsuleRecord,
  parent: Hold | undefined,
  parts: MachineParts,
  log: Logger,
): RunningCapsule {
  const guest = new GuestClient(parts.slot.hostAddress, new Secret(record.accessToken));
  const activity = new Activity();
  const { cpuShare: file } = parts.cgroup;
  return {
    kind: 'running',
    id: parseId('capsule', record.capsuleId),
    record,
    parent,
    guest,
    activity,
    cpuShare: file && new CpuShare(file, log),
    ...parts,
  };
}

/** The record of a capsule that has no machine: what it said of one is left out. */
export function withoutMachine(record: CapsuleRecord): CapsuleRecord {
  const { machine: _machine, slot: _slot, ...rest } = record;
  return rest;
}

/** The record of a capsule whose state is not being read or started from any more. */
export function withoutSnapshot(record: CapsuleRecord): CapsuleRecord {
  const { snapshot: _snapshot, ...rest } = record;
  return rest;
}

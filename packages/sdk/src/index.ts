export { Capsules } from './capsules.ts';
export { WrennClient, type WrennClientOptions } from './client.ts';
export { WrennApiError } from './error.ts';
export { Jobs } from './jobs.ts';
export { Snapshots } from './snapshots.ts';
export type {
  CallOptions,
  Capsule,
  CapsuleStatus,
  CheckpointOptions,
  CreatedCapsule,
  CreatedSnapshot,
  CreateOptions,
  CreateSnapshotOptions,
  ExecEvent,
  ExecOptions,
  ExecResult,
  Forked,
  ForkOptions,
  Job,
  JobOutcome,
  ListOptions,
  Outcome,
  PausedCapsule,
  ResumedCapsule,
  ResumeOptions,
  Snapshot,
  SnapshotType,
  Step,
} from './types.ts';

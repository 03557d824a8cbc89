export { Capsules } from './capsules.ts';
export { WrennClient, type WrennClientOptions } from './client.ts';
export { WrennApiError } from './error.ts';
export type {
  CallOptions,
  Capsule,
  CapsuleStatus,
  CreatedCapsule,
  CreateOptions,
  ExecEvent,
  ExecOptions,
  ExecResult,
  ListOptions,
  Outcome,
  Step,
} from './types.ts';

export type {
  Build,
  BuildError,
  BuildEvent,
  BuildResult,
  BuildStatus,
  BuildStep,
  FollowOptions,
  ListBuildsOptions,
  RecipeFormat,
  RegistryLogin,
  SubmitOptions,
} from './build-types.ts';
export { Builds } from './builds.ts';
export { Capsules } from './capsules.ts';
export { WrennClient, type WrennClientOptions } from './client.ts';
export type { Credential } from './credential.ts';
export { WrennApiError } from './error.ts';
export { type FileContent, type FileOptions, Files, type WriteOptions } from './files.ts';
export { Jobs } from './jobs.ts';
export { Live } from './live.ts';
export { Ports } from './ports.ts';
export { Processes } from './processes.ts';
export { type SignInOptions, type SignOutOptions, signIn, signOut } from './sign-in.ts';
export { Snapshots } from './snapshots.ts';
export {
  Terminal,
  type TerminalExit,
  type TerminalOptions,
  type TerminalSize,
  type TerminalStatus,
} from './terminal.ts';
export { type AttachOptions, type OpenOptions, Terminals } from './terminals.ts';
export type {
  BackgroundOptions,
  BackgroundProcess,
  CallOptions,
  Capsule,
  CapsuleCounts,
  CapsuleFilter,
  CapsuleMetrics,
  CapsuleOperation,
  CapsuleStatus,
  CheckpointOptions,
  CreatedCapsule,
  CreatedSnapshot,
  CreateOptions,
  CreateSnapshotOptions,
  ExecEvent,
  ExecOptions,
  ExecResult,
  FileEntry,
  Forked,
  ForkOptions,
  Job,
  JobOutcome,
  ListOptions,
  LiveEvent,
  MetricPoint,
  MetricsRange,
  Outcome,
  PausedCapsule,
  PortAccess,
  PortAccessChange,
  PortLink,
  PortLinkOptions,
  Process,
  ResumedCapsule,
  ResumeOptions,
  Snapshot,
  SnapshotType,
  Step,
} from './types.ts';
export { Usage } from './usage.ts';
export type { CapsuleStats, DayOfUsage, StatsRange, UsageOptions, UsageReport } from './usage-types.ts';

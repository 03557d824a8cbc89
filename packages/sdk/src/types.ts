export type CapsuleStatus = 'pending' | 'starting' | 'running' | 'paused' | 'stopped' | 'missing' | 'error';

export interface Capsule {
  readonly id: string;
  readonly status: CapsuleStatus;
  readonly template: string;
  readonly vcpus: number;
  readonly memoryMb: number;
  readonly diskSizeMb: number;
  /** 0 is never. */
  readonly timeoutSec: number;
  readonly engine?: string;
  /** `emulated` is not a boundary against hostile code. */
  readonly isolation?: 'kvm' | 'emulated';
  /** Why it is in `error`, where its host knows. */
  readonly failure?: string;
  readonly hostIp?: string;
  readonly createdAt: Date;
  readonly startedAt?: Date;
  readonly lastActiveAt?: Date;
  readonly pausedAt?: Date;
  /** Whether a command in it, or a request to a port of it, resumes it when it is paused. */
  readonly autoResume: boolean;
  /** Whether anyone who knows the address of a port may use it. */
  readonly publicPorts: boolean;
  readonly lastUpdated: Date;
  /** What was given at the create, and the platform's versions. */
  readonly metadata: Readonly<Record<string, string>>;
}

export type MetricsRange = '5m' | '10m' | '1h' | '2h' | '6h' | '12h' | '24h';

/** What a capsule used: at one moment, or on average from that moment on. */
export interface MetricPoint {
  /** In seconds. */
  readonly timestampUnix: number;
  /** Of all its processors together: 0 to 100. */
  readonly cpuPct: number;
  /** The total without what is available to programs. */
  readonly memBytes: number;
  readonly memTotalBytes: number;
  readonly diskBytes: number;
  readonly diskTotalBytes: number;
}

export interface CapsuleMetrics {
  readonly sandboxId: string;
  readonly range: MetricsRange;
  /** How far apart the points are. */
  readonly intervalSec: number;
  /** From the oldest on; none of the time in which it was paused, or its guest said nothing. */
  readonly points: readonly MetricPoint[];
}

export interface Step {
  readonly name: string;
  readonly durationMs: number;
}

export interface CreatedCapsule extends Capsule {
  /** What the time went to, in order. */
  readonly steps: readonly Step[];
}

/** What an operation on the state of a capsule came to, beside the capsule. */
export interface JobOutcome {
  /** To look it up with `jobs.get`, also after the connection was lost. */
  readonly jobId: string;
  /** What the time went to, in order. */
  readonly steps: readonly Step[];
}

export interface PausedCapsule extends Capsule, JobOutcome {
  /** How long the guest stood still until its state was read. */
  readonly stillMs: number;
  /** What this pause wrote. */
  readonly memoryBytes: number;
  readonly diskBytes: number;
}

export interface ResumedCapsule extends Capsule, JobOutcome {
  /** What the guest says was put right in it: clock, random pool, identity, connections. */
  readonly receipt: Readonly<Record<string, unknown>>;
}

export interface ResumeOptions {
  /** Replaces the capsule's. */
  readonly timeoutSec?: number;
}

export interface ForkOptions {
  /** 1 to 100; default 1. */
  readonly count?: number;
  /** Default: the parent's. */
  readonly timeoutSec?: number;
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface Forked extends JobOutcome {
  readonly capsules: readonly Capsule[];
  /** Children that could not be started; nothing of them is left. */
  readonly failed: readonly { readonly id: string; readonly code: string; readonly message: string }[];
  /** How long the parent stood still; 0 for one that was paused. */
  readonly stillMs: number;
}

export type SnapshotType = 'base' | 'snapshot';

/** What capsules are created from: a template of the platform, or the state that a capsule had. */
export interface Snapshot {
  /** Absent for a base. */
  readonly id?: string;
  /** For `template` of a create. */
  readonly name: string;
  readonly type: SnapshotType;
  readonly vcpus?: number;
  readonly memoryMb?: number;
  readonly sizeBytes: number;
  readonly createdAt: Date;
  /** Of the platform, not of the team. */
  readonly platform: boolean;
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface CreatedSnapshot extends Snapshot, JobOutcome {
  /** How long the capsule stood still; 0 for one that was paused. */
  readonly stillMs: number;
}

export interface CheckpointOptions {
  /** Default: `checkpoint-` and eight digits. */
  readonly name?: string;
}

export interface CreateSnapshotOptions {
  readonly capsuleId: string;
  /** Default: `template-` and eight digits. */
  readonly name?: string;
}

export interface Job {
  readonly id: string;
  readonly kind: string;
  /** `unknown`: its host did not say what came of it. */
  readonly status: 'running' | 'succeeded' | 'failed' | 'unknown';
  readonly capsuleId?: string;
  readonly createdAt: Date;
  readonly finishedAt?: Date;
  readonly steps?: readonly Step[];
  /** What the request was answered, with the names of the wire. */
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: {
    readonly code: string;
    readonly message: string;
    readonly field?: string;
    readonly remedy?: string;
    readonly retryable: boolean;
  };
}

export interface CreateOptions {
  /** Default `minimal`. */
  readonly template?: string;
  /** 1 to 8; default 1. */
  readonly vcpus?: number;
  /** 128 to 8192, even; default 512. */
  readonly memoryMb?: number;
  /** How long it may be inactive before it is paused; 0, the default, is for ever. */
  readonly timeoutSec?: number;
  /** Whether a command in it, or a request to a port of it, resumes it when it is paused; default false. */
  readonly autoResume?: boolean;
  /** Whether anyone who knows the address of a port may use it; default false. */
  readonly publicPorts?: boolean;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Environment of every command in it. */
  readonly envs?: Readonly<Record<string, string>>;
}

/** Who may use the ports of a capsule, and how. */
export interface PortAccess {
  readonly publicPorts: boolean;
  /** Opens every port, in the header `X-Wrenn-Access`. */
  readonly trafficAccessToken: string;
  /** Where the ports are; `{port}` stands for the port. */
  readonly urlTemplate: string;
}

export interface PortAccessChange {
  readonly publicPorts?: boolean;
  /** Makes the token and all links void that were given out before. */
  readonly revoke?: boolean;
}

/** Opens one port for whoever has it. */
export interface PortLink {
  readonly url: string;
  readonly expiresAt: Date;
}

export interface PortLinkOptions {
  /** 1 to 604800; default 3600. */
  readonly expiresInSec?: number;
}

export interface ListOptions {
  /** 1 to 1000; default 1000. */
  readonly limit?: number;
  /** The last capsule of the page before. */
  readonly after?: string;
}

export interface ExecOptions {
  /** The program; there is no shell around it. */
  readonly cmd: string;
  readonly args?: readonly string[];
  readonly cwd?: string;
  readonly envs?: Readonly<Record<string, string>>;
  readonly user?: string;
  /** Then the command is killed; default 30. 0 is no limit, for `execStream` only. */
  readonly timeoutSec?: number;
  /** What the command reads, 16 MiB at most. */
  readonly stdin?: string | Uint8Array;
}

export interface FileEntry {
  readonly name: string;
  readonly path: string;
  /** Of a link, what it leads to. */
  readonly type: 'file' | 'directory' | 'symlink' | 'unknown';
  readonly size: number;
  readonly mode: number;
  /** As `ls -l` shows it, with L for a link. */
  readonly permissions: string;
  readonly owner: string;
  readonly group: string;
  /** Seconds since 1970. */
  readonly modifiedAt: number;
  readonly symlinkTarget?: string;
}

export interface BackgroundOptions extends Pick<ExecOptions, 'cmd' | 'args' | 'cwd' | 'envs' | 'user'> {
  /** What it is found by, beside its ID; default `proc-` and eight digits. */
  readonly tag?: string;
}

export interface BackgroundProcess {
  readonly sandboxId: string;
  readonly cmd: string;
  readonly pid: number;
  readonly tag: string;
}

export interface Process {
  readonly pid: number;
  readonly tag?: string;
  readonly cmd: string;
  readonly args?: readonly string[];
}

/** `lost`: the way to the capsule broke, so whether the command ended is not known. */
export type Outcome = 'exited' | 'killed' | 'timed_out' | 'lost';

export interface ExecResult {
  readonly sandboxId: string;
  readonly cmd: string;
  /** Text, or base64 of both streams where `encoding` says so. */
  readonly stdout: string;
  readonly stderr: string;
  readonly encoding: 'utf-8' | 'base64';
  readonly exitCode: number;
  readonly outcome: Outcome;
  readonly durationMs: number;
  /** Whether there was more than 8 MiB, of which the first are here. */
  readonly stdoutTruncated: boolean;
  readonly stderrTruncated: boolean;
}

export type ExecEvent =
  | { readonly type: 'start'; readonly pid: number }
  | { readonly type: 'stdout'; readonly data: Uint8Array }
  | { readonly type: 'stderr'; readonly data: Uint8Array }
  | { readonly type: 'end'; readonly exitCode: number; readonly outcome: Outcome; readonly error?: string };

export interface CallOptions {
  readonly signal?: AbortSignal;
  /**
   * For calls that make or change something: repeated with the same key, they are done once, and the repetition gets
   * the outcome of the first.
   */
  readonly idempotencyKey?: string;
}

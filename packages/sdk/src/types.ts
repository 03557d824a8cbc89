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
  readonly hostIp?: string;
  readonly createdAt: Date;
  readonly startedAt?: Date;
  readonly lastActiveAt?: Date;
  readonly lastUpdated: Date;
  /** What was given at the create, and the platform's versions. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface Step {
  readonly name: string;
  readonly durationMs: number;
}

export interface CreatedCapsule extends Capsule {
  /** What the time went to, in order. */
  readonly steps: readonly Step[];
}

export interface CreateOptions {
  /** Default `minimal`. */
  readonly template?: string;
  /** 1 to 8; default 1. */
  readonly vcpus?: number;
  /** 128 to 8192, even; default 512. */
  readonly memoryMb?: number;
  /** How long it may be inactive before it is paused; 0, the default, is for ever. The server keeps it, but does not act on it yet. */
  readonly timeoutSec?: number;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Environment of every command in it. */
  readonly envs?: Readonly<Record<string, string>>;
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
}

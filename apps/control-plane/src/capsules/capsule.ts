import type { CapsuleId, CapsuleState, HostId, TeamId, TemplateId } from '@wrenn/core';

/** A capsule as the database knows it. */
export interface Capsule {
  readonly id: CapsuleId;
  readonly teamId: TeamId;
  readonly hostId: HostId;
  readonly template: string;
  /** The version that the name stood for. */
  readonly templateId: TemplateId;
  /** The capsule whose state it began with. */
  readonly forkedFrom: CapsuleId | undefined;
  readonly status: CapsuleState;
  readonly vcpus: number;
  readonly memoryMb: number;
  readonly diskSizeMb: number;
  /** 0 is never. */
  readonly timeoutSec: number;
  /** Whether a use of it while it is paused resumes it. */
  readonly autoResume: boolean;
  /** Whether anyone may use its ports. */
  readonly publicPorts: boolean;
  /** The user's own. */
  readonly metadata: Readonly<Record<string, string>>;
  /** What the host told: versions, engine, isolation. */
  readonly facts: Readonly<Record<string, string>>;
  readonly hostIp: string;
  readonly createdAt: Date;
  readonly startedAt: Date | undefined;
  readonly lastActiveAt: Date | undefined;
  /** Since when; undefined unless it is paused. */
  readonly pausedAt: Date | undefined;
  readonly lastUpdated: Date;
}

/** Not settable yet. */
export const diskSizeMb = 5120;

import type { HostId, SnapshotId, TeamId, TemplateId } from '@wrenn/core';

interface Common {
  readonly id: TemplateId;
  readonly teamId: TeamId;
  readonly name: string;
  readonly defaultUser: string;
  readonly defaultEnv: Readonly<Record<string, string>>;
  /** Empty: the home of the user. */
  readonly defaultWorkdir: string;
  readonly sizeBytes: number;
  readonly createdAt: Date;
  /** What the host told: versions, engine, isolation. */
  readonly facts: Readonly<Record<string, string>>;
}

/** A file system that is booted for each shape of machine; any host can have it. */
export interface BaseTemplate extends Common {
  readonly type: 'base';
}

/** The state of a capsule: it has one shape, and is on the host that made it. */
export interface SnapshotTemplate extends Common {
  readonly type: 'snapshot';
  readonly snapshotId: SnapshotId;
  readonly hostId: HostId;
  readonly vcpus: number;
  readonly memoryMb: number;
}

export type Template = BaseTemplate | SnapshotTemplate;
export const templateTypes = ['base', 'snapshot'] as const satisfies readonly Template['type'][];

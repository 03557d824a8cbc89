import type { CapsuleId, HostId, ImageId, SnapshotId, TeamId, TemplateId } from '@wrenn/core';

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
  /** What it was made from. */
  readonly parentId: TemplateId | undefined;
  /** The capsule whose state it is, which may be gone since. */
  readonly sourceCapsuleId: CapsuleId | undefined;
  /** What the host told: versions, engine, isolation. */
  readonly facts: Readonly<Record<string, string>>;
}

/** A root file system that was made of a capsule's disk, on the host that has it. */
export interface HostImage {
  readonly id: ImageId;
  readonly hostId: HostId;
}

/** A file system that is booted for each shape of machine. */
export interface BaseTemplate extends Common {
  readonly type: 'base';
  /** Undefined for one that any host can have. */
  readonly image: HostImage | undefined;
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
/** The only host that can start capsules of it; undefined where any can. */
export function hostOf(template: Template): HostId | undefined {
  return template.type === 'snapshot' ? template.hostId : template.image?.hostId;
}

export const templateTypes = ['base', 'snapshot'] as const satisfies readonly Template['type'][];

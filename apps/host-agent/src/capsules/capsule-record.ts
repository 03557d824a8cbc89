import { z } from 'zod';
import { machineRecord } from '../engine/machine-record.ts';

/**
 * What the agent must know to find a capsule again, to serve it, and to remove every trace of it. It is written
 * before a resource that it names is taken, so that after a crash each resource has a record that owns it.
 */
export const capsuleRecord = z.object({
  version: z.literal(2),
  capsuleId: z.string(),
  teamId: z.string(),
  templateId: z.string(),
  template: z.string(),
  /** Directory name of the booted template that the capsule's memory and disk lie on. */
  templateKey: z.string(),
  /** The snapshot that its machine was last started from, which holds what is beneath its disk; absent: the template. */
  parent: z.string().optional(),
  /**
   * Its disks above those of the parent, from the lowest to the one that its machine writes to, by their IDs in the
   * snapshot store. More than one after a copy of its state that failed half-way. Empty while it is paused.
   */
  disks: z.array(z.string()),
  /** The disks beneath those, from the lowest above the template's; absent in older records: those of the parent. */
  below: z.array(z.string()).optional(),
  /** While it is paused, its state; while it is being paused or copied, the snapshot or image that is being made. */
  snapshot: z.string().optional(),
  /** Who paused it; `host` for want of activity, or because the host was told to stop. */
  pausedBy: z.enum(['caller', 'host']).optional(),
  vcpus: z.number().int(),
  memoryMiB: z.number().int(),
  /** Seconds without activity until it is paused; 0 = never. */
  timeoutSec: z.number().int(),
  createdAtMs: z.number(),
  lastActiveAtMs: z.number(),
  /** Absent while it is paused. */
  slot: z.number().int().optional(),
  defaultUser: z.string(),
  defaultEnv: z.record(z.string(), z.string()),
  /** Empty: the user's home; older records have none. */
  defaultWorkdir: z.string().default(''),
  accessToken: z.string(),
  hostSecret: z.string(),
  /** `failed`: its VMM is gone although nobody ended it; its disk is kept until it is destroyed. */
  phase: z.enum(['creating', 'running', 'pausing', 'paused', 'resuming', 'failed', 'destroying']),
  machine: machineRecord.optional(),
  metadata: z.record(z.string(), z.string()),
});

export type CapsuleRecord = z.infer<typeof capsuleRecord>;

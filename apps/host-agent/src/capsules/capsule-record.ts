import { z } from 'zod';

/**
 * What the agent must know to find a capsule again, to serve it, and to remove every trace of it. It is written
 * before a resource that it names is taken, so that after a crash each resource has a record that owns it.
 */
export const capsuleRecord = z.object({
  version: z.literal(1),
  capsuleId: z.string(),
  teamId: z.string(),
  templateId: z.string(),
  template: z.string(),
  /** Directory name of the template snapshot that the capsule's disk lies on. */
  templateKey: z.string(),
  vcpus: z.number().int(),
  memoryMiB: z.number().int(),
  /** Seconds without activity until it is paused; 0 = never. */
  timeoutSec: z.number().int(),
  createdAtMs: z.number(),
  lastActiveAtMs: z.number(),
  slot: z.number().int(),
  defaultUser: z.string(),
  defaultEnv: z.record(z.string(), z.string()),
  accessToken: z.string(),
  hostSecret: z.string(),
  /** `failed`: its VMM is gone although nobody ended it; its disk is kept until it is destroyed. */
  phase: z.enum(['creating', 'running', 'failed', 'destroying']),
  machine: z
    .object({
      engine: z.enum(['qemu', 'firecracker']),
      pid: z.number().int(),
      startTicks: z.number(),
      controlSocket: z.string(),
    })
    .optional(),
  metadata: z.record(z.string(), z.string()),
});

export type CapsuleRecord = z.infer<typeof capsuleRecord>;

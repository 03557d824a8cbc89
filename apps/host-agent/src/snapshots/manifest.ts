import { z } from 'zod';

/** Raise it when what is stored changes its meaning. */
export const formatVersion = 1;

/** How a file looked when its checksum was taken; it changes with every write, see stampOf. */
const part = z.object({
  bytes: z.number().int().min(0),
  sha256: z.string(),
  stamp: z.string(),
});

/** Of a memory layer or a disk; becomes part of a path. */
const partId = z.string().regex(/^[0-9a-f]{32}$/);

/**
 * What a snapshot is made of, and where it can be restored. The only file of a snapshot that is read without being asked
 * for; everything else is named in it, with its checksum.
 */
export const snapshotManifest = z.object({
  version: z.literal(formatVersion),
  id: z.string(),
  createdAtMs: z.number(),
  /** Snapshots and templates that this one's state came from, nearest first; for people, nothing is read by it. */
  parents: z.array(z.string()),

  engine: z.enum(['qemu', 'firecracker']),
  engineBuild: z.string(),
  isolation: z.enum(['kvm', 'emulated']),
  cpu: z.string(),
  kernelVersion: z.string(),
  envdVersion: z.string(),
  agentVersion: z.string(),
  vcpus: z.number().int(),
  memoryMiB: z.number().int(),

  /** The booted template that memory and disk lie on: its directory under templates/. */
  template: z.object({ key: z.string().regex(/^[^./][^/]*$/), name: z.string(), memory: part }),
  memoryMap: part,
  /** Memory layers that the map reads from. */
  layers: z.array(part.extend({ id: partId })),
  /** Disk layers from the lowest, which lies on the template's disk, to the topmost. */
  disks: z.array(part.extend({ id: partId })),
  /** In the engine's own form. */
  deviceState: part,

  /** What the guest in it was told; each restore needs the secret, a clone the rest. */
  guest: z.object({
    capsuleId: z.string(),
    templateId: z.string(),
    hostSecret: z.string(),
    defaultUser: z.string(),
    defaultEnv: z.record(z.string(), z.string()),
    /** Empty: the user's home; older manifests have none. */
    defaultWorkdir: z.string().default(''),
  }),
});
export type SnapshotManifest = z.infer<typeof snapshotManifest>;
export type SnapshotPart = z.infer<typeof part>;

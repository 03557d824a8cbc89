import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ImageId, parseId, WrennError } from '@wrenn/core';
import { z } from 'zod';
import type { RootfsImage } from '../images/image-set.ts';

/** In the folder of one image. */
export const rootImageFiles = {
  manifest: 'manifest.json',
  /** ext4, sparse, as it is on a drive; never changed. */
  disk: 'rootfs.ext4',
  /** There when nobody may start from it any more, while something still lies on it. */
  deleted: 'deleted',
} as const;

export const rootImageManifest = z.object({
  version: z.literal(1),
  id: z.string(),
  /** See `hashSparseFile`. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  diskBytes: z.number().int(),
  /** What it takes of this host's disk. */
  sizeBytes: z.number().int(),
  createdAtMs: z.number(),
});
export type RootImageManifest = z.infer<typeof rootImageManifest>;

/** A root file system that was made of a capsule's disk. */
export interface RootImage extends RootfsImage {
  readonly id: ImageId;
  readonly manifest: RootImageManifest;
}

export function rootImageFrom(directory: string, manifest: RootImageManifest): RootImage {
  return {
    id: parseId('image', manifest.id),
    path: join(directory, rootImageFiles.disk),
    hash: manifest.sha256,
    sizeMiB: manifest.diskBytes / 1024 / 1024,
    manifest,
  };
}

export async function readRootImage(directory: string): Promise<RootImage> {
  const path = join(directory, rootImageFiles.manifest);
  try {
    return rootImageFrom(directory, rootImageManifest.parse(JSON.parse(await readFile(path, 'utf8'))));
  } catch (cause) {
    throw new WrennError('agent_error', `the manifest of the image in ${directory} cannot be read`, {
      cause,
      remedy: `mend or remove ${directory}, and start the host agent again`,
    });
  }
}

import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describeError, systemCode } from '@wrenn/core';
import type { Logger } from '@wrenn/service';
import { sizeOf } from './files.ts';
import type { SnapshotManifest } from './manifest.ts';
import { asDiskId, diskIn, layerName, type StorePaths } from './paths.ts';

/** What a collection removes, or would remove. */
export interface Garbage {
  readonly kind: 'snapshot' | 'layer' | 'disk' | 'draft';
  readonly path: string;
  readonly bytes: number;
}

/** Something in the store that is garbage unless somebody wants it. */
export interface Candidate {
  readonly kind: Garbage['kind'];
  readonly name: string;
  readonly path: string;
}

/** The parts that somebody wants. */
export interface WantedParts {
  /** File names. */
  readonly layers: ReadonlySet<string>;
  /** IDs: a disk's name ends in what engine it is of. */
  readonly disks: ReadonlySet<string>;
}

export function partsOf(
  manifests: readonly SnapshotManifest[],
  layers: Iterable<string>,
  disks: Iterable<string>,
): WantedParts {
  const inLayers = manifests.flatMap((manifest) => manifest.layers.map(({ id }) => id));
  const inDisks = manifests.flatMap((manifest) => manifest.disks.map(({ id }) => id));
  return {
    layers: new Set([...inLayers, ...layers].map(layerName)),
    disks: new Set([...inDisks, ...disks]),
  };
}

export function isPart({ kind }: Candidate): boolean {
  return kind === 'layer' || kind === 'disk';
}

export function isWantedPart({ kind, name }: Candidate, { layers, disks }: WantedParts): boolean {
  return kind === 'layer' ? layers.has(name) : disks.has(diskIn(name) ?? '');
}

/** All that is there, folders of snapshots first. While a snapshot cannot be read, no part is among it. */
export async function findCandidates(paths: StorePaths): Promise<Candidate[]> {
  const found: Candidate[] = [];
  for (const name of await readdir(paths.directory)) {
    const kind = paths.kindOf(name);
    if (kind !== undefined) found.push({ kind, name, path: join(paths.directory, name) });
  }
  if (paths.hasLeft) return found;
  for (const name of await readdir(paths.layers))
    found.push({ kind: 'layer', name, path: join(paths.layers, name) });
  for (const name of await readdir(paths.disks))
    found.push({ kind: 'disk', name, path: join(paths.disks, name) });
  return found;
}

export async function measured({ kind, path }: Candidate): Promise<Garbage> {
  return { kind, path, bytes: await sizeOf(path) };
}

/** Renamed first: a folder that is half removed must not be taken for a snapshot. */
export async function removeFolder(paths: StorePaths, name: string): Promise<void> {
  const removed = paths.removed(name);
  try {
    await rename(join(paths.directory, name), removed);
  } catch (thrown) {
    if (systemCode(thrown) !== 'ENOENT') throw thrown;
  }
  await rm(removed, { recursive: true, force: true });
}

/** What it removed; nothing where that failed, which the next collection finds again. */
export async function removeGarbage(paths: StorePaths, garbage: Candidate, log: Logger): Promise<Garbage[]> {
  try {
    const sized = await measured(garbage);
    if (isPart(garbage)) await rm(garbage.path, { force: true });
    else await removeFolder(paths, garbage.name);
    return [sized];
  } catch (thrown) {
    log.error({ path: garbage.path, cause: describeError(thrown) }, 'removing garbage');
    return [];
  }
}

/** Of a snapshot that is gone, what no other one needs. */
export async function removeParts(
  paths: StorePaths,
  { layers, disks }: SnapshotManifest,
  wanted: WantedParts,
): Promise<void> {
  for (const { id } of layers)
    if (!wanted.layers.has(layerName(id))) await rm(paths.layer(id), { force: true });
  for (const { id } of disks) if (!wanted.disks.has(id)) await rm(paths.disk(asDiskId(id)), { force: true });
}

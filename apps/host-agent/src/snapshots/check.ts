import { access, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { WrennError } from '@wrenn/core';
import type { EngineTraits } from '../engine/engine.ts';
import { checkUnaltered, stampOf, type TemplateSnapshot } from '../templates/template-snapshot.ts';
import { checksumOf } from './files.ts';
import type { SnapshotPart } from './manifest.ts';
import { layersOf, type MemoryMap } from './memory-map.ts';
import { asDiskId, type StorePaths, snapshotFiles } from './paths.ts';
import { readMap } from './read-map.ts';
import { faultOf, refused } from './refusal.ts';
import type { Snapshot } from './snapshot.ts';
import { templateOf } from './template-part.ts';

/**
 * Throws `snapshot_refused`, with the part at fault, for a snapshot that is not whole or not of this engine and CPU.
 * A file whose stamp is the one of its checksum was not written to; for any other its content decides.
 */
export async function checkSnapshot(
  snapshot: Snapshot,
  paths: StorePaths,
  traits: EngineTraits,
  signal: AbortSignal,
): Promise<void> {
  const { manifest, directory, id } = snapshot;
  requireSame(id, 'engine', manifest.engine, traits.name);
  if (!traits.builds.includes(manifest.engineBuild))
    requireSame(id, 'engine build', manifest.engineBuild, traits.builds.join(' and '));
  requireSame(id, 'isolation', manifest.isolation, traits.isolation);
  requireSame(id, 'CPU', manifest.cpu, traits.cpu);
  await checkTemplate(snapshot, paths);
  await checkPart(id, 'memory map', join(directory, snapshotFiles.memoryMap), manifest.memoryMap);
  await checkPart(id, 'device state', join(directory, snapshotFiles.deviceState), manifest.deviceState);
  for (const layer of manifest.layers) {
    signal.throwIfAborted();
    await checkPart(id, 'memory layer', paths.layer(layer.id), layer);
  }
  for (const disk of manifest.disks) {
    signal.throwIfAborted();
    await checkPart(id, 'disk', paths.disk(asDiskId(disk.id)), disk);
  }
  checkMap(snapshot, await readMap(snapshot));
}

function requireSame(id: string, what: string, made: string, here: string): void {
  if (made === here) return;
  throw new WrennError(
    'snapshot_refused',
    `snapshot ${id} is of another ${what}: ${made}, and here it is ${here}`,
    {
      remedy: `resume it on a host with the ${what} ${made}`,
    },
  );
}

async function checkTemplate({ id, manifest }: Snapshot, paths: StorePaths): Promise<void> {
  const { key, memory } = manifest.template;
  const path = paths.templateMemory(key);
  let template: TemplateSnapshot;
  try {
    template = await templateOf(key, dirname(path));
    if (template.manifest.memorySha256 !== memory.sha256)
      throw new Error('it has other memory than when the snapshot was taken');
    await checkUnaltered(template);
  } catch (thrown) {
    throw refused(id, 'template', path, faultOf(thrown), thrown);
  }
  try {
    await access(template.disk);
  } catch (thrown) {
    throw refused(id, 'disk of the template', template.disk, faultOf(thrown), thrown);
  }
}

async function checkPart(id: string, part: string, path: string, expected: SnapshotPart): Promise<void> {
  try {
    if ((await stampOf(path)) === expected.stamp) return;
    await using file = await open(path, 'r');
    const { size } = await file.stat();
    if (size !== expected.bytes)
      throw refused(id, part, path, `it has ${size} bytes instead of ${expected.bytes}`);
    if ((await checksumOf(file)) !== expected.sha256) throw refused(id, part, path, 'it was altered');
  } catch (thrown) {
    if (thrown instanceof WrennError) throw thrown;
    throw refused(id, part, path, faultOf(thrown), thrown);
  }
}

function checkMap({ id, manifest, directory }: Snapshot, map: MemoryMap): void {
  const path = join(directory, snapshotFiles.memoryMap);
  if (map.memoryBytes !== manifest.memoryMiB * 1024 * 1024)
    throw refused(id, 'memory map', path, 'it is of another size of memory');
  const bytes = new Map(manifest.layers.map((layer) => [layer.id, layer.bytes]));
  for (const layer of layersOf(map))
    if (!bytes.has(layer))
      throw refused(id, 'memory map', path, `it reads from layer ${layer}, which is not named`);
  for (const { source, length } of map.ranges)
    if (source !== 'zero' && source.offset + length > (bytes.get(source.layer) ?? 0))
      throw refused(id, 'memory map', path, `it reads behind the end of layer ${source.layer}`);
}

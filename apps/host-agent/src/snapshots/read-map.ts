import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MemoryMap } from './memory-map.ts';
import { decodeMap } from './memory-map-file.ts';
import { snapshotFiles } from './paths.ts';
import { faultOf, refused } from './refusal.ts';
import type { Snapshot } from './snapshot.ts';

/** Throws `snapshot_refused` for one that is missing or not whole. */
export async function readMap({ id, directory }: Snapshot): Promise<MemoryMap> {
  const path = join(directory, snapshotFiles.memoryMap);
  try {
    return decodeMap(await readFile(path));
  } catch (thrown) {
    throw refused(id, 'memory map', path, faultOf(thrown), thrown);
  }
}

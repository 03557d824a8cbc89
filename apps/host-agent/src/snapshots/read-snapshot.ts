import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseId } from '@wrenn/core';
import { snapshotManifest } from './manifest.ts';
import { snapshotFiles } from './paths.ts';
import type { Snapshot } from './snapshot.ts';

/** What a folder of the store holds; throws for one whose manifest is missing, not whole, or of another folder. */
export async function readSnapshotFolder(
  directory: string,
  name: string,
): Promise<{ readonly snapshot: Snapshot; readonly isListed: boolean }> {
  const text = await readFile(join(directory, snapshotFiles.manifest), 'utf8');
  const manifest = snapshotManifest.parse(JSON.parse(text));
  if (manifest.id !== name) throw new Error(`its manifest is that of ${manifest.id}`);
  const isListed = (await readdir(directory)).includes(snapshotFiles.listed);
  return { snapshot: { id: parseId('snapshot', name), directory, manifest }, isListed };
}

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { WrennError } from '@wrenn/core';
import { readSnapshot, type TemplateSnapshot } from '../templates/template-snapshot.ts';
import type { SnapshotPart } from './manifest.ts';

/** The booted template that snapshots lie on; `snapshot_refused` where it is gone. */
export async function templateOf(key: string, directory: string): Promise<TemplateSnapshot> {
  const template = await readSnapshot(key, directory);
  if (template !== undefined) return template;
  throw new WrennError(
    'snapshot_refused',
    `template ${key} is missing: ${join(directory, 'manifest.json')}`,
    {
      remedy: 'put the folder of the template back; a new one of the same name has other memory',
    },
  );
}

/** The template's memory as its own manifest has it; that checksum is of the file as a whole. */
export async function templateMemoryPart(key: string, directory: string): Promise<SnapshotPart> {
  const { memory, manifest } = await templateOf(key, directory);
  const { size } = await stat(memory);
  return { bytes: size, sha256: manifest.memorySha256, stamp: manifest.memoryStamp };
}

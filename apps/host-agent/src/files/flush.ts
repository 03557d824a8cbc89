import { open } from 'node:fs/promises';

/** Returns when a file is on the disk, or, of a folder, the names in it. */
export async function flush(path: string): Promise<void> {
  await using file = await open(path, 'r');
  await file.sync();
}

import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { WrennError } from '@wrenn/core';
import { readUpTo } from './whole.ts';

/** What such a file holds now, and no more where it grows meanwhile; undefined where that is more than `most` bytes. */
export async function readPlaced(path: string, most: number): Promise<Buffer | undefined> {
  await using file = await openPlaced(path);
  const { size } = await file.stat();
  if (size > most) return undefined;
  const bytes = Buffer.alloc(size);
  return bytes.subarray(0, await readUpTo(file, bytes, 0));
}

/**
 * Opens a file in a directory that a VMM's user owns, for reading. Where that user put a link in its place it is not
 * followed, and where it put a pipe not waited for. Throws what opening does, and agent_error for what is no file.
 */
export async function openPlaced(path: string): Promise<FileHandle> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if ((await file.stat()).isFile()) return file;
    throw new WrennError('agent_error', `${path} is not a file`);
  } catch (thrown) {
    await file.close();
    throw thrown;
  }
}

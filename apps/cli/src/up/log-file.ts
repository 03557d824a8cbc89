import { type FileHandle, open, rename, stat } from 'node:fs/promises';
import { systemCode } from '@wrenn/core';

const largestLogBytes = 10 * 1024 * 1024;

/** Opens a process's log for appending. A large one becomes `.1` first, and the `.1` before that goes. */
export async function openLog(file: string): Promise<FileHandle> {
  if ((await sizeOf(file)) > largestLogBytes) await rename(file, `${file}.1`);
  return await open(file, 'a', 0o600);
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return 0;
    throw thrown;
  }
}

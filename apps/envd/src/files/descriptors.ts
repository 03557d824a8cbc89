import { close, constants, openSync, read, write } from 'node:fs';
import { promisify } from 'node:util';
import { logFault } from '../log.ts';

const readAsync = promisify(read);
const writeAsync = promisify(write);

/** Refers to a file without opening it, which needs no right on it and has no effect on a device. Node has no name for it. */
const pathOnly = 0o10000000;

/** Fills `buffer` from `position` on. Returns fewer bytes than it holds only at the end of the file. */
export async function readFully(fd: number, buffer: Buffer, position: number): Promise<number> {
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await readAsync(fd, buffer, length, buffer.length - length, position + length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return length;
}

/** Throws the system's error, such as ENOSPC. */
export async function writeFully(fd: number, bytes: Buffer): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await writeAsync(fd, bytes, done, bytes.length - done, null);
    done += bytesWritten;
  }
}

/**
 * Closes it on another thread. The last close of a file that has no name any more frees what it took on the disk,
 * which for a large one takes longer than anybody else may be kept waiting.
 */
export function closeAside(fd: number): void {
  close(fd, (fault) => {
    if (fault) logFault('closing a file', fault);
  });
}

/** Runs `change`, which takes the name of the file at `path` from it, so that the file itself goes aside. */
export function releasing<T>(path: string, change: () => T): T {
  const fd = openSync(path, pathOnly | constants.O_NOFOLLOW);
  try {
    return change();
  } finally {
    closeAside(fd);
  }
}

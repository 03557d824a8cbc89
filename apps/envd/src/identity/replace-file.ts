import { closeSync, openSync, readFileSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { systemCode } from '@wrenn/core';

/** A file system that takes no writes, or has no such folder: the image is made so, and it is no fault. */
const untouchable: readonly (string | undefined)[] = ['EROFS', 'ENOENT', 'ENOTDIR'];

/** The file's text, or undefined when there is none. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT' || systemCode(thrown) === 'ENOTDIR') return undefined;
    throw thrown;
  }
}

/**
 * Gives the file at `path` this text in one step: readers see the old or the new one. It is not flushed to the disk,
 * which would take longer than all the rest of `/init`: after a power cut the machine starts with a new `/init`. A
 * symbolic link there is replaced, not followed. False, with nothing changed, where the file system takes no writes.
 */
export function replaceFile(path: string, text: string, mode: number): boolean {
  const draft = `${path}.wrenn-draft`;
  try {
    removeIfThere(draft);
    const fd = openSync(draft, 'wx', mode);
    try {
      writeSync(fd, text);
    } finally {
      closeSync(fd);
    }
    renameSync(draft, path);
    return true;
  } catch (thrown) {
    if (untouchable.includes(systemCode(thrown))) return false;
    removeIfThere(draft);
    throw thrown;
  }
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (thrown) {
    if (systemCode(thrown) !== 'ENOENT') throw thrown;
  }
}

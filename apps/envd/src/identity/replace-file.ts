import { readFileSync, writeFileSync } from 'node:fs';
import { systemCode } from '@wrenn/core';

/** A file system that takes no writes, or has no such folder: the image is made so, and it is no fault. */
export const untouchable: readonly (string | undefined)[] = ['EROFS', 'ENOENT', 'ENOTDIR'];

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
 * Gives the file at `path` this text. Written in place and not flushed: nobody reads it yet, since no process of a user
 * runs before `/init` is done, and after a power cut the machine starts with a new `/init`. A draft that is renamed
 * would take longer than all the rest of `/init`. False, with nothing changed, where the file system takes no writes.
 */
export function replaceFile(path: string, text: string, mode: number): boolean {
  try {
    writeFileSync(path, text, { mode });
    return true;
  } catch (thrown) {
    if (untouchable.includes(systemCode(thrown))) return false;
    throw thrown;
  }
}

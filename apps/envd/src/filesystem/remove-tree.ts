import { randomUUID } from 'node:crypto';
import { renameSync, rmdirSync, unlinkSync } from 'node:fs';
import { systemCode, WrennError } from '@wrenn/core';
import { type ByteName, Directory, shownName, toByteName } from './directory.ts';
import { fileFault } from './file-fault.ts';
import type { Steps } from './in-slices.ts';
import { baseName, cleanPath, parentOf } from './path-parts.ts';

/** Directories that are held open at a time; what lies deeper is moved up. */
const mostOpen = 64;
/** How often an entry may turn from a directory into something else, or fill again, while it is removed. */
const mostRounds = 100;

/**
 * Removes what `path` names, with all in it: links themselves, never what they lead to, however the tree changes
 * meanwhile. Nothing being there is fine. Throws as fileFault does, with the path of what could not be removed.
 */
export function* removeTree(path: string): Steps<void> {
  const cleaned = cleanPath(path);
  const name = baseName(cleaned);
  if (name === '/' || name === '..') {
    throw new WrennError('invalid_request', `path '${path}' cannot be removed`, { field: 'path' });
  }
  using folder = openOrGone(() => Directory.naming(parentOf(cleaned)), ['ENOENT', 'ENOTDIR'], cleaned);
  if (folder === undefined) return;
  yield* new Removal().entry(folder, toByteName(name), cleaned, []);
}

class Removal {
  /** Directories from too deep down, now in the topmost one. */
  readonly #movedUp: ByteName[] = [];

  /** `above` are the open directories that the entry is in, from the topmost one that is being removed. */
  *entry(folder: Directory, name: ByteName, shown: string, above: readonly Directory[]): Steps<void> {
    const path = folder.pathOf(name);
    for (let round = 0; round < mostRounds; round += 1) {
      yield;
      if (isGone(() => unlinkSync(path), ['EISDIR'], shown)) return;
      if (isGone(() => rmdirSync(path), ['ENOTEMPTY', 'EEXIST', 'ENOTDIR'], shown)) return;
      const [top] = above;
      if (top !== undefined && above.length >= mostOpen) {
        if (this.#moveUp(path, top, shown)) return;
        continue;
      }
      using directory = openOrGone(
        () => Directory.readingItself(path),
        ['ENOENT', 'ENOTDIR', 'ELOOP'],
        shown,
      );
      if (directory !== undefined) yield* this.#content(directory, shown, [...above, directory]);
    }
    throw new WrennError('conflict', `path '${shown}' changes while it is removed`, { field: 'path' });
  }

  *#content(directory: Directory, shown: string, above: readonly Directory[]): Steps<void> {
    for (const names of directory.batches()) {
      for (const name of names) {
        yield* this.entry(directory, name, `${shown}/${shownName(name)}`, above);
      }
    }
    if (above.length > 1) return;
    for (let name = this.#movedUp.pop(); name !== undefined; name = this.#movedUp.pop()) {
      yield* this.entry(directory, name, `${shown}/${name}`, above);
    }
  }

  /** Whoever may remove a directory that is not empty may move it, so this asks for no further permission. */
  #moveUp(path: Buffer, top: Directory, shown: string): boolean {
    const name = `.${randomUUID()}`;
    try {
      renameSync(path, top.pathOf(name));
    } catch (thrown) {
      if (systemCode(thrown) === 'ENOENT') return false;
      throw fileFault(thrown, shown);
    }
    this.#movedUp.push(name);
    return true;
  }
}

/** False for a fault in `otherwise`: it is there, but `remove` is not for what it is. */
function isGone(remove: () => void, otherwise: readonly string[], shown: string): boolean {
  try {
    remove();
    return true;
  } catch (thrown) {
    const code = systemCode(thrown) ?? '';
    if (code === 'ENOENT') return true;
    if (otherwise.includes(code)) return false;
    throw fileFault(thrown, shown);
  }
}

/** Undefined for a fault in `gone`. */
function openOrGone(open: () => Directory, gone: readonly string[], shown: string): Directory | undefined {
  try {
    return open();
  } catch (thrown) {
    if (gone.includes(systemCode(thrown) ?? '')) return undefined;
    throw fileFault(thrown, shown);
  }
}

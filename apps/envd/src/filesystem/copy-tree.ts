import { type BigIntStats, constants, fstatSync, mkdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { WrennError } from '@wrenn/core';
import { makeSpecialFile } from '@wrenn/sys';
import { copyAttributes, copyLinkAttributes } from './copy-attributes.ts';
import { copyContent } from './copy-content.ts';
import { type ByteName, Descriptor, Directory, shownName, toByteName } from './directory.ts';
import { fileFault } from './file-fault.ts';
import type { Steps } from './in-slices.ts';
import { baseName, parentOf } from './path-parts.ts';

/** Two descriptors are held a level. */
const deepest = 200;

/** An entry, by the folder that it is in and its name there. */
interface Place {
  readonly folder: Directory;
  readonly name: ByteName;
  /** The path, for people. */
  readonly shown: string;
}

/**
 * Copies the tree at the clean path `from` to `to`, where nothing is; faults call that `shown`. Links are copied as
 * links, pipes, sockets and devices as such, with owners, permissions, times and attributes as far as the user may give
 * them. Several names of one file become files of their own. The content goes on off the event loop, and ends with
 * `signal`.
 *
 * Throws as fileFault does, with the path that was at fault and `source` or `destination` as its field.
 */
export function* copyTree(from: string, to: string, shown: string, signal: AbortSignal): Steps<void> {
  using source = at(from, 'source', () => Directory.naming(parentOf(from)));
  using target = at(shown, 'destination', () => Directory.naming(parentOf(to)));
  yield* new TreeCopy(signal).entry(
    { folder: source, name: toByteName(baseName(from)), shown: from },
    { folder: target, name: toByteName(baseName(to)), shown },
    0,
  );
}

class TreeCopy {
  readonly #signal: AbortSignal;
  /** The topmost directory of the copy, which could lie inside the original. */
  #top: BigIntStats | undefined;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  *entry(source: Place, target: Place, depth: number): Steps<void> {
    yield;
    using original = at(source.shown, 'source', () => Descriptor.holding(source.folder.pathOf(source.name)));
    const stats = fstatSync(original.fd, { bigint: true });
    if (stats.isDirectory()) yield* this.#directory(source, original, stats, target, depth);
    else if (stats.isFile()) yield* this.#file(source, original, stats, target);
    else if (stats.isSymbolicLink()) copyLink(source, stats, target);
    else copySpecialFile(original, stats, target);
  }

  *#directory(
    source: Place,
    original: Descriptor,
    stats: BigIntStats,
    target: Place,
    depth: number,
  ): Steps<void> {
    if (stats.dev === this.#top?.dev && stats.ino === this.#top.ino) {
      throw refused(source.shown, 'would be moved into itself');
    }
    if (depth >= deepest) {
      throw refused(source.shown, `is nested deeper than ${deepest} folders, and is on another file system`);
    }
    const path = target.folder.pathOf(target.name);
    at(target.shown, 'destination', () => mkdirSync(path, 0o700));
    using from = at(source.shown, 'source', () => Directory.reading(original.path));
    using to = at(target.shown, 'destination', () => Directory.readingItself(path));
    this.#top ??= fstatSync(to.fd, { bigint: true });
    for (const names of from.batches()) {
      for (const name of names)
        yield* this.entry(below(source, from, name), below(target, to, name), depth + 1);
    }
    at(target.shown, 'destination', () => copyAttributes(from.path, to.path, stats));
  }

  *#file(source: Place, original: Descriptor, stats: BigIntStats, target: Place): Steps<void> {
    using from = at(source.shown, 'source', () => new Descriptor(original.path, constants.O_RDONLY));
    using to = at(target.shown, 'destination', () => {
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
      return new Descriptor(target.folder.pathOf(target.name), flags, 0o600);
    });
    if (stats.size > 0n) {
      yield copyContent(from.fd, to.fd, this.#signal).catch((thrown: unknown) => {
        this.#signal.throwIfAborted();
        throw fileFault(thrown, target.shown, 'destination');
      });
    }
    at(target.shown, 'destination', () => copyAttributes(from.path, to.path, stats));
  }
}

function copyLink(source: Place, stats: BigIntStats, target: Place): void {
  const path = target.folder.pathOf(target.name);
  const text = at(source.shown, 'source', () =>
    readlinkSync(source.folder.pathOf(source.name), { encoding: 'buffer' }),
  );
  at(target.shown, 'destination', () => {
    symlinkSync(text, path);
    copyLinkAttributes(path, stats);
  });
}

function copySpecialFile(original: Descriptor, stats: BigIntStats, target: Place): void {
  const path = target.folder.pathOf(target.name);
  at(target.shown, 'destination', () => {
    makeSpecialFile(path, Number(stats.mode), stats.rdev);
    copyAttributes(original.path, path, stats);
  });
}

function below(place: Place, folder: Directory, name: ByteName): Place {
  return { folder, name, shown: `${place.shown}/${shownName(name)}` };
}

function at<T>(path: string, field: 'source' | 'destination', action: () => T): T {
  try {
    return action();
  } catch (thrown) {
    throw fileFault(thrown, path, field);
  }
}

function refused(path: string, problem: string): WrennError {
  return new WrennError('invalid_request', `path '${path}' ${problem}`, { field: 'source' });
}

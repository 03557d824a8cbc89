import { systemCode, WrennError } from '@wrenn/core';
import { FileType } from '@wrenn/protocol/filesystem';
import type { AccountNames } from '../users/accounts.ts';
import { type ByteName, Directory, shownName } from './directory.ts';
import { type Entry, readEntry } from './entry-info.ts';
import { fileFault } from './file-fault.ts';
import type { Steps } from './in-slices.ts';
import { cleanPath } from './path-parts.ts';
import { sortNames } from './sort-names.ts';

/** The answer is one message, put together at once: 0.2 s in which terminals stand still, and 100 MiB for a moment. */
const mostEntries = 50_000;

interface Found {
  readonly entry: Entry;
  /** Its path as bytes; the entry's is for people where names are not UTF-8. */
  readonly path: ByteName;
  readonly depth: number;
}

/**
 * The entries below the directory `path`, each directory before what is in it, in the order of their names' bytes, down
 * to `depth` (1: the directory's own). A link at `path` is followed, those inside are not; entries are told below
 * `path` as it was given. What vanishes meanwhile or cannot be read is left out.
 *
 * Throws as fileFault does for `path` itself, and `rate_limited` above fifty thousand entries.
 */
export function* listTree(path: string, depth: number, names: AccountNames): Steps<Entry[]> {
  const root = cleanPath(path);
  const listed: Entry[] = [];
  const rootBytes = Buffer.from(root).toString('latin1');
  const ahead = (yield* childrenOf(openRoot(root), rootBytes, root, 1, names)).reverse();
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    listed.push(next.entry);
    const isDirectory = next.entry.type === FileType.DIRECTORY && next.entry.symlinkTarget === undefined;
    const directory = isDirectory && next.depth < depth ? openInside(next.path) : undefined;
    if (directory === undefined) continue;
    const children = yield* childrenOf(directory, next.path, next.entry.path, next.depth + 1, names);
    if (listed.length + ahead.length + children.length > mostEntries) throw tooMany(path);
    for (const child of children.reverse()) ahead.push(child);
  }
  return listed;
}

/** Closes the directory. */
function* childrenOf(
  opened: Directory,
  path: ByteName,
  shown: string,
  depth: number,
  accounts: AccountNames,
): Steps<Found[]> {
  using directory = opened;
  const names: ByteName[] = [];
  for (const batch of directory.batches()) {
    for (const name of batch) names.push(name);
    if (names.length > mostEntries) throw tooMany(shown);
    yield;
  }
  const children: Found[] = [];
  for (const name of yield* sortNames(names)) {
    yield;
    const entry = entryOrNone(directory.pathOf(name), accounts, below(shown, shownName(name)));
    if (entry !== undefined) children.push({ entry, path: below(path, name), depth });
  }
  return children;
}

function openRoot(path: string): Directory {
  try {
    return Directory.reading(path);
  } catch (thrown) {
    if (systemCode(thrown) !== 'ENOTDIR') throw fileFault(thrown, path);
    throw new WrennError('invalid_request', `path '${path}' is not a directory`, {
      field: 'path',
      cause: thrown,
    });
  }
}

/** Faults that are this daemon's, and would pass for an empty folder. */
const exhausted: readonly (string | undefined)[] = ['EMFILE', 'ENFILE', 'ENOMEM'];

/** Undefined for one that the user may not read, or that is none any more. */
function openInside(path: ByteName): Directory | undefined {
  return orNone(() => Directory.readingItself(Buffer.from(path, 'latin1')), path);
}

function entryOrNone(path: Buffer, names: AccountNames, shown: string): Entry | undefined {
  return orNone(() => readEntry(path, names, shown), shown);
}

function orNone<T>(read: () => T, path: string): T | undefined {
  try {
    return read();
  } catch (thrown) {
    const code = systemCode(thrown);
    if (code === undefined || exhausted.includes(code)) throw fileFault(thrown, path);
    return undefined;
  }
}

function below(folder: string, name: string): string {
  return folder === '/' ? `/${name}` : `${folder}/${name}`;
}

function tooMany(path: string): WrennError {
  const remedy = 'list with less depth or folder by folder, or run find, which has no such bound';
  return new WrennError('rate_limited', `path '${path}' has more than ${mostEntries} entries: ${remedy}`, {
    field: 'path',
    remedy,
  });
}

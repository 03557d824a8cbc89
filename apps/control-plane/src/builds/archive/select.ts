import { WrennError } from '@wrenn/core';
import { quote } from '../registry/quote.ts';
import { type ArchiveBounds, mostReadings, repeatableBytes } from './bounds.ts';
import type { ArchiveEntry } from './entry.ts';
import { type Source, sourcesOf } from './sources.ts';
import type { Tree } from './tree.ts';

/** An entry and its path below the destination. */
export interface Item {
  readonly target: string;
  readonly entry: ArchiveEntry;
}

/** Whether the destination can be the file's own name, a new name of a directory, or only a directory to put things in. */
export type SelectionShape = 'file' | 'directory' | 'several';

export interface Selected {
  readonly shape: SelectionShape;
  /** Sorted by target, so that a directory comes before what is in it. */
  readonly items: readonly Item[];
}

/** Sources can name the same directory again and again. */
const mostVisits = 1_000_000;

/** What COPY copies: of a directory what is in it, of a file itself; a later source wins over an earlier one. */
export function selectItems(tree: Tree, sources: readonly string[], bounds: ArchiveBounds): Selected {
  const found = sources.flatMap((source) => sourcesOf(tree, source));
  const items = new Map<string, ArchiveEntry>();
  let visits = 0;
  for (const source of found) {
    for (const { target, entry } of itemsOf(tree, source)) {
      visits += 1;
      if (visits > mostVisits) throw tooLarge(`more than ${mostVisits} files and directories`);
      put(items, target, entry);
    }
  }
  checkContents(items.values(), bounds);
  const sorted = [...items].map(([target, entry]) => ({ target, entry }));
  sorted.sort((one, other) => (one.target < other.target ? -1 : 1));
  return { shape: shapeOf(tree, found, sources), items: sorted };
}

function shapeOf(tree: Tree, found: readonly Source[], sources: readonly string[]): SelectionShape {
  const [only] = found;
  if (only === undefined || found.length > 1 || sources.length > 1) return 'several';
  return tree.isDirectory(only.path) ? 'directory' : 'file';
}

function* itemsOf(tree: Tree, source: Source): Generator<Item> {
  if (!tree.isDirectory(source.path)) {
    const entry = tree.get(source.path);
    if (entry !== undefined) yield { target: source.name, entry };
    return;
  }
  const from = source.path === '' ? 0 : source.path.length + 1;
  const directories = [source.path];
  for (let path = directories.pop(); path !== undefined; path = directories.pop()) {
    for (const entry of tree.children(path)) {
      yield { target: entry.path.slice(from), entry };
      if (entry.kind === 'directory') directories.push(entry.path);
    }
  }
}

function put(items: Map<string, ArchiveEntry>, target: string, entry: ArchiveEntry): void {
  const there = items.get(target);
  if (there !== undefined && (there.kind === 'directory') !== (entry.kind === 'directory')) {
    throw new WrennError(
      'invalid_request',
      `COPY: one source makes ${quote(target)} a directory and another one does not`,
      { remedy: 'copy them by two instructions, or to two places' },
    );
  }
  items.set(target, entry);
}

function checkContents(entries: Iterable<ArchiveEntry>, bounds: ArchiveBounds): void {
  let bytes = 0;
  const copies = new Map<number, number>();
  for (const entry of entries) {
    if (entry.kind !== 'file') continue;
    bytes += entry.size;
    const count = (copies.get(entry.member) ?? 0) + 1;
    copies.set(entry.member, count);
    if (count > mostReadings && entry.size > repeatableBytes) {
      throw tooLarge(`the large file ${quote(entry.path)} more than ${mostReadings} times`);
    }
  }
  if (bytes > bounds.bytes) throw tooLarge(`more than ${bounds.bytes} bytes`);
}

function tooLarge(what: string): WrennError {
  return new WrennError('too_large', `COPY: the sources are ${what}`, { field: 'archive' });
}

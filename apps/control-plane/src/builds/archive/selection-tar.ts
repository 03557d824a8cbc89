import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { WrennError } from '@wrenn/core';
import { repeatableBytes } from './bounds.ts';
import type { FileEntry } from './entry.ts';
import { chunkBytes } from './file-chunks.ts';
import type { Member } from './member.ts';
import { readingFault } from './refusal.ts';
import type { Item } from './select.ts';
import { entryHeader, padding, tarEnd } from './tar-writer.ts';

/** Reads the contents of the members that are wanted, in the order in which they are in the archive. */
export type ReadContents = (
  wanted: ReadonlySet<number>,
  signal: AbortSignal,
) => AsyncGenerator<Pick<Member, 'number' | 'chunks'>, void, void>;

interface FileItem extends Item {
  readonly entry: FileEntry;
}

/**
 * The bytes of a tar of the items: directories first, then files in the order of the archive, links last, so that
 * nothing is unpacked through one of them.
 */
export async function* selectionTar(
  items: readonly Item[],
  read: ReadContents,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, void> {
  try {
    yield* batched(parts(items, read, signal));
  } catch (thrown) {
    throw readingFault(thrown, signal);
  }
}

async function* parts(items: readonly Item[], read: ReadContents, signal: AbortSignal) {
  for (const { target, entry } of items) if (entry.kind === 'directory') yield entryHeader(target, entry);
  yield* files(items.filter(isFile), read, signal);
  for (const { target, entry } of items) if (entry.kind === 'symlink') yield entryHeader(target, entry);
  yield tarEnd;
}

/** Small pieces together: a tar of small files is mostly pieces of a block. */
async function* batched(chunks: AsyncIterable<Buffer>) {
  let batch: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    batch.push(chunk);
    bytes += chunk.length;
    if (bytes < chunkBytes) continue;
    yield Buffer.concat(batch);
    batch = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(batch);
}

async function* files(items: readonly FileItem[], read: ReadContents, signal: AbortSignal) {
  let waiting = byMember(items);
  while (waiting.size > 0) {
    const again: FileItem[] = [];
    const wanted = new Set(waiting.keys());
    for await (const { number, chunks } of read(wanted, signal)) {
      const [first, ...others] = waiting.get(number) ?? [];
      wanted.delete(number);
      if (first === undefined) continue;
      if (others.length > 0 && first.entry.size <= repeatableBytes) {
        const content = [await buffer(checked(first, chunks))];
        for (const item of [first, ...others]) yield* file(item, content);
      } else {
        yield* file(first, checked(first, chunks));
        again.push(...others);
      }
    }
    if (wanted.size > 0) throw changed();
    waiting = byMember(again);
  }
}

async function* file({ target, entry }: FileItem, content: Iterable<Buffer> | AsyncIterable<Buffer>) {
  yield entryHeader(target, entry);
  yield* content;
  yield padding(entry.size);
}

/** The content is what it was when the archive was read first, or the tar ends with a fault. */
async function* checked({ entry }: FileItem, chunks: AsyncIterable<Buffer>) {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > entry.size) throw changed();
    hash.update(chunk);
    yield chunk;
  }
  if (size !== entry.size || hash.digest('hex') !== entry.sha256) throw changed();
}

function byMember(items: readonly FileItem[]): Map<number, FileItem[]> {
  const grouped = new Map<number, FileItem[]>();
  for (const item of items) {
    const same = grouped.get(item.entry.member);
    if (same === undefined) grouped.set(item.entry.member, [item]);
    else same.push(item);
  }
  return grouped;
}

function isFile(item: Item): item is FileItem {
  return item.entry.kind === 'file';
}

function changed(): WrennError {
  return new WrennError('internal_error', 'the archive changed after it was read first');
}

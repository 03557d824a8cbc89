import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { Archive } from './archive.ts';
import { type ArchiveBounds, archiveBounds } from './bounds.ts';
import { IndexBuilder } from './index-builder.ts';
import { archiveKind, headBytes } from './kind.ts';
import type { Member, ReadMembers } from './member.ts';
import { readingFault } from './refusal.ts';
import { Tally } from './tally.ts';
import { tarMembers } from './tar-members.ts';
import { zipMembers } from './zip-members.ts';

/**
 * Reads what a user uploaded, a tar, a tar.gz or a zip, from its start to its end, and keeps what is in it as an index:
 * nothing is unpacked. What the archive may not be or hold is a refusal.
 */
export async function openArchive(
  path: string,
  bounds: ArchiveBounds = archiveBounds,
  signal: AbortSignal = new AbortController().signal,
): Promise<Archive> {
  try {
    signal.throwIfAborted();
    const { kind, bytes } = await look(path);
    const read = kind === 'zip' ? zipMembers(path) : tarMembers(path, kind);
    const entries = await index(read, new Tally(bounds, bytes), signal);
    const tally = () => new Tally(bounds, bytes);
    return new Archive(kind, entries, bounds, (wanted, signal) => contents(read, tally(), wanted, signal));
  } catch (thrown) {
    throw readingFault(thrown, signal);
  }
}

async function look(path: string) {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
  const { size } = await file.stat();
  return { kind: archiveKind(buffer.subarray(0, bytesRead)), bytes: size };
}

async function index(read: ReadMembers, tally: Tally, signal: AbortSignal) {
  const builder = new IndexBuilder(tally);
  for await (const member of read(tally, signal)) {
    builder.add(member, member.type === 'file' ? await sha256(member.chunks) : '');
  }
  return builder.entries();
}

async function sha256(chunks: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
}

/** Another reading of the archive, up to the last member that is wanted. */
async function* contents(
  read: ReadMembers,
  tally: Tally,
  wanted: ReadonlySet<number>,
  signal: AbortSignal,
): AsyncGenerator<Member, void, void> {
  let left = wanted.size;
  if (left === 0) return;
  for await (const member of read(tally, signal)) {
    if (!wanted.has(member.number)) continue;
    yield member;
    left -= 1;
    if (left === 0) return;
  }
}

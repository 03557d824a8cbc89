import { type FileHandle, open } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import yauzl from 'yauzl';
import { longestPath } from './bounds.ts';
import type { Member, ReadMembers } from './member.ts';
import { refusal } from './refusal.ts';
import { zipChunks } from './zip-content.ts';
import { checkReadable, zipEntryType, zipName } from './zip-entry.ts';

/** Where an entry follows another one in the list at the end of a zip. */
const entrySignature = 0x02014b50;

/** Reads a zip by the list at its end, zip64 or not; its members are in the order of that list. */
export function zipMembers(path: string): ReadMembers {
  return async function* members(tally, signal): AsyncGenerator<Member, void, void> {
    await using file = await open(path);
    const zip = await yauzl.fromFdPromise(file.fd, { decodeStrings: false, autoClose: false });
    tally.expectEntries(zip.entryCount);
    let number = 0;
    for await (const entry of zip.eachEntry()) {
      signal.throwIfAborted();
      const name = zipName(entry);
      checkReadable(entry, name);
      tally.addBytes(entry.uncompressedSize, name);
      yield await zipMember({ file, zip, entry, name, number, signal });
      number += 1;
    }
    await checkEnd(file, Number(zip.readEntryCursor));
  };
}

interface ZipPart {
  readonly file: FileHandle;
  readonly zip: yauzl.ZipFile;
  readonly entry: yauzl.Entry;
  readonly name: string;
  readonly number: number;
  readonly signal: AbortSignal;
}

async function zipMember(part: ZipPart): Promise<Member> {
  const { entry, name, number } = part;
  const { type, mode } = zipEntryType(entry, name);
  const mtime = Math.floor(entry.getLastModDate({ timezone: 'UTC' }).getTime() / 1000);
  const chunks = contentOf(part);
  const target = type === 'symlink' ? await targetOf(part, chunks) : '';
  return {
    number,
    name,
    type,
    mode,
    mtime,
    size: type === 'file' ? entry.uncompressedSize : 0,
    target,
    chunks,
  };
}

async function* contentOf({ file, zip, entry, name, signal }: ZipPart): AsyncGenerator<Buffer, void, void> {
  const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
  yield* zipChunks(
    file,
    {
      name,
      start: fileDataStart,
      packed: entry.compressedSize,
      size: entry.uncompressedSize,
      crc32: entry.crc32,
      isDeflated: entry.compressionMethod !== 0,
    },
    signal,
  );
}

/** A symbolic link's target is its content. */
async function targetOf({ entry, name }: ZipPart, chunks: AsyncIterable<Buffer>): Promise<string> {
  if (entry.uncompressedSize > longestPath) throw refusal('is a link with too long a target', name);
  return (await buffer(chunks)).toString();
}

/** The number of entries has 16 bits in a zip, and some that write zips let it overflow. */
async function checkEnd(file: FileHandle, position: number): Promise<void> {
  const signature = Buffer.alloc(4);
  const { bytesRead } = await file.read(signature, 0, 4, position);
  if (bytesRead === 4 && signature.readUInt32LE() === entrySignature) {
    throw refusal('it holds more entries than it says');
  }
}

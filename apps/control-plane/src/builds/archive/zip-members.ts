import { open } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import yauzl from 'yauzl';
import { longestPath } from './bounds.ts';
import { FileWindows } from './file-windows.ts';
import type { Member, ReadMembers } from './member.ts';
import { refusal } from './refusal.ts';
import { type ZipSource, zipChunks } from './zip-content.ts';
import { checkReadable, zipEntryType, zipName } from './zip-entry.ts';

/** Where an entry follows another one in the list at the end of a zip. */
const entrySignature = 0x02014b50;

/** Reads a zip by the list at its end, zip64 or not; its members are in the order of that list. */
export function zipMembers(path: string): ReadMembers {
  return async function* members(tally, signal): AsyncGenerator<Member, void, void> {
    await using file = await open(path);
    const { size } = await file.stat();
    const windows = new FileWindows(file);
    const options = { decodeStrings: false, autoClose: false };
    const zip = await yauzl.fromRandomAccessReaderPromise(windows, size, options);
    tally.expectEntries(zip.entryCount);
    let number = 0;
    for await (const entry of zip.eachEntry()) {
      signal.throwIfAborted();
      const name = zipName(entry);
      checkReadable(entry, name);
      tally.addBytes(entry.uncompressedSize, name);
      yield await zipMember({ source: { file, windows, signal }, zip, entry, name, number });
      number += 1;
    }
    await checkEnd(windows, Number(zip.readEntryCursor));
  };
}

interface ZipPart {
  readonly source: ZipSource;
  readonly zip: yauzl.ZipFile;
  readonly entry: yauzl.Entry;
  readonly name: string;
  readonly number: number;
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

async function* contentOf({ source, zip, entry, name }: ZipPart): AsyncGenerator<Buffer, void, void> {
  const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
  yield* zipChunks(source, {
    name,
    start: fileDataStart,
    packed: entry.compressedSize,
    size: entry.uncompressedSize,
    crc32: entry.crc32,
    isDeflated: entry.compressionMethod !== 0,
  });
}

/** A symbolic link's target is its content. */
async function targetOf({ entry, name }: ZipPart, chunks: AsyncIterable<Buffer>): Promise<string> {
  if (entry.uncompressedSize > longestPath) throw refusal('is a link with too long a target', name);
  return (await buffer(chunks)).toString();
}

/** The number of entries has 16 bits in a zip, and some that write zips let it overflow. */
async function checkEnd(windows: FileWindows, position: number): Promise<void> {
  const signature = await windows.bytes(position, 4);
  if (signature.length === 4 && signature.readUInt32LE() === entrySignature) {
    throw refusal('it holds more entries than it says');
  }
}

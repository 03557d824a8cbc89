import type { FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { crc32, createInflateRaw, type InflateRaw, inflateRawSync } from 'node:zlib';
import { chunkBytes, fileChunks } from './file-chunks.ts';
import type { FileWindows } from './file-windows.ts';
import { refusal } from './refusal.ts';

/** What is unpacked in one piece: for the many small files of a zip, a stream each costs more than all the rest. */
const smallPacked = 64 * 1024;
const smallSize = 1024 * 1024;

/** Where the content of an entry of a zip is, and what the zip says of it. */
export interface ZipContent {
  readonly name: string;
  readonly start: number;
  readonly packed: number;
  readonly size: number;
  readonly crc32: number;
  readonly isDeflated: boolean;
}

export interface ZipSource {
  readonly file: FileHandle;
  readonly windows: FileWindows;
  readonly signal: AbortSignal;
}

/** The content, which is of the size and the checksum that the zip says, or a refusal. */
export async function* zipChunks(source: ZipSource, content: ZipContent): AsyncGenerator<Buffer, void, void> {
  let size = 0;
  let sum = 0;
  for await (const chunk of chunks(source, content)) {
    source.signal.throwIfAborted();
    size += chunk.length;
    if (size > content.size) throw refusal('is larger than the zip says', content.name);
    sum = crc32(chunk, sum);
    yield chunk;
  }
  if (size < content.size) throw refusal('is smaller than the zip says', content.name);
  if (sum !== content.crc32) throw refusal('is damaged: its checksum is another', content.name);
}

function chunks(source: ZipSource, content: ZipContent): AsyncIterable<Buffer> {
  const { start, packed, size, isDeflated } = content;
  if (packed <= smallPacked && size <= smallSize) return small(source, content);
  return isDeflated ? inflated(source, content) : fileChunks(source.file, { start, end: start + packed });
}

async function* small({ windows }: ZipSource, content: ZipContent): AsyncGenerator<Buffer, void, void> {
  const { start, packed, size, isDeflated } = content;
  const bytes = await windows.bytes(start, packed);
  if (!isDeflated) {
    yield bytes;
    return;
  }
  // One byte more than the zip says shows that there is more.
  const options = { maxOutputLength: size + 1, info: true };
  const { buffer, engine } = inflateRawSync(bytes, options) as unknown as Inflated;
  checkUsed(engine, content);
  yield buffer;
}

interface Inflated {
  readonly buffer: Buffer;
  readonly engine: InflateRaw;
}

async function* inflated(
  { file, signal }: ZipSource,
  content: ZipContent,
): AsyncGenerator<Buffer, void, void> {
  const { start, packed } = content;
  const inflate = createInflateRaw({ chunkSize: chunkBytes });
  const fed = pipeline(fileChunks(file, { start, end: start + packed }), inflate, { signal }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  try {
    yield* inflate;
    checkUsed(inflate, content);
  } finally {
    inflate.destroy();
    await fed;
  }
}

/** Inflating ends by itself, and what follows in the entry is passed over. */
function checkUsed(engine: InflateRaw, { name, packed }: ZipContent): void {
  if (engine.bytesWritten !== packed) throw refusal('is smaller than the zip says', name);
}

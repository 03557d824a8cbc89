import type { FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { crc32, createInflateRaw } from 'node:zlib';
import { chunkBytes, fileChunks } from './file-chunks.ts';
import { refusal } from './refusal.ts';

/** Where the content of an entry of a zip is, and what the zip says of it. */
export interface ZipContent {
  readonly name: string;
  readonly start: number;
  readonly packed: number;
  readonly size: number;
  readonly crc32: number;
  readonly isDeflated: boolean;
}

/** The content, which is of the size and the checksum that the zip says, or a refusal. */
export async function* zipChunks(
  file: FileHandle,
  content: ZipContent,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, void> {
  let size = 0;
  let sum = 0;
  for await (const chunk of content.isDeflated ? inflated(file, content, signal) : packed(file, content)) {
    signal.throwIfAborted();
    size += chunk.length;
    if (size > content.size) throw refusal('is larger than the zip says', content.name);
    sum = crc32(chunk, sum);
    yield chunk;
  }
  if (size < content.size) throw refusal('is smaller than the zip says', content.name);
  if (sum !== content.crc32) throw refusal('is damaged: its checksum is another', content.name);
}

function packed(file: FileHandle, { start, packed }: ZipContent): AsyncGenerator<Buffer, void, void> {
  return fileChunks(file, { start, end: start + packed });
}

async function* inflated(
  file: FileHandle,
  content: ZipContent,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, void> {
  const inflate = createInflateRaw({ chunkSize: chunkBytes });
  const fed = pipeline(packed(file, content), inflate, { signal }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  try {
    yield* inflate;
    if (inflate.bytesWritten !== content.packed) {
      throw refusal('is smaller than the zip says', content.name);
    }
  } finally {
    inflate.destroy();
    await fed;
  }
}

import type { FileHandle } from 'node:fs/promises';

export const chunkBytes = 64 * 1024;

/** A range of a file that stays open, or what the file has of it. */
export async function* fileChunks(
  file: FileHandle,
  { start, end }: { start: number; end: number },
): AsyncGenerator<Buffer, void, void> {
  for (let at = start; at < end; ) {
    // Not of Node's pool: what is read is passed on.
    const chunk = Buffer.allocUnsafeSlow(Math.min(chunkBytes, end - at));
    const { bytesRead } = await file.read(chunk, 0, chunk.length, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield chunk.subarray(0, bytesRead);
  }
}

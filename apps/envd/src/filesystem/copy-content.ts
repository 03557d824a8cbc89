import { ftruncate, read, write } from 'node:fs';
import { promisify } from 'node:util';

const chunkBytes = 256 * 1024;
const zeros = Buffer.alloc(chunkBytes);
const [readAt, writeAt, truncate] = [promisify(read), promisify(write), promisify(ftruncate)];

/**
 * Copies what a file holds into an empty one; chunks of zeros stay holes. Works on descriptors and off the event loop.
 * Throws what the system call did, and the reason of `signal` when that aborts.
 */
export async function copyContent(from: number, to: number, signal: AbortSignal): Promise<void> {
  const buffer = Buffer.allocUnsafe(chunkBytes);
  let position = 0;
  for (;;) {
    signal.throwIfAborted();
    const { bytesRead } = await readAt(from, buffer, 0, chunkBytes, position);
    if (bytesRead === 0) break;
    const chunk = buffer.subarray(0, bytesRead);
    if (!chunk.equals(zeros.subarray(0, bytesRead))) await writeWhole(to, chunk, position);
    position += bytesRead;
  }
  // After the last hole nothing was written.
  await truncate(to, position);
}

async function writeWhole(to: number, chunk: Buffer, position: number): Promise<void> {
  for (let written = 0; written < chunk.length; ) {
    const { bytesWritten } = await writeAt(to, chunk, written, chunk.length - written, position + written);
    written += bytesWritten;
  }
}

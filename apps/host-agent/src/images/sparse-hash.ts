import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { z } from 'zod';
import { run } from '../process/run.ts';

/** Blocks of this size that hold only zeros do not count, wherever the file system happens to keep its holes. */
const blockBytes = 64 * 1024;
const zeros = Buffer.alloc(blockBytes);
const timeoutMs = 60_000;

const dataMap = z.array(z.object({ start: z.number(), length: z.number(), data: z.boolean() }));

/**
 * SHA-256 over a sparse file's size and its blocks that are not zero, with their places: equal for equal contents
 * on every host. Holes are not read, which for a disk image that is mostly empty saves nearly all of the work.
 */
export async function hashSparseFile(path: string, signal: AbortSignal): Promise<string> {
  const { stdout } = await run(['qemu-img', 'map', '--output=json', '-f', 'raw', path], {
    signal,
    timeoutMs,
  });
  const ranges = dataMap.parse(JSON.parse(stdout)).filter((range) => range.data);
  const file = await open(path);
  try {
    const hash = createHash('sha256').update(`${(await file.stat()).size}\n`);
    for (const index of touchedBlocks(ranges)) {
      signal.throwIfAborted();
      const block = await readBlock(file, index);
      if (!block.equals(zeros.subarray(0, block.byteLength))) hash.update(`${index}\n`).update(block);
    }
    return hash.digest('hex');
  } finally {
    await file.close();
  }
}

/** Indexes of the blocks that the ranges touch, each once; the ranges are in order and do not overlap. */
export function* touchedBlocks(ranges: Iterable<{ start: number; length: number }>): Generator<number> {
  let next = 0;
  for (const { start, length } of ranges) {
    const end = Math.ceil((start + length) / blockBytes);
    for (next = Math.max(next, Math.floor(start / blockBytes)); next < end; next++) yield next;
  }
}

/** Shorter only at the end of the file. */
async function readBlock(file: FileHandle, index: number): Promise<Buffer> {
  const block = Buffer.allocUnsafe(blockBytes);
  let filled = 0;
  while (filled < blockBytes) {
    const { bytesRead } = await file.read(block, filled, blockBytes - filled, index * blockBytes + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return block.subarray(0, filled);
}

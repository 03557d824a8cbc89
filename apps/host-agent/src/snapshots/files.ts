import { createHash } from 'node:crypto';
import { type FileHandle, lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '@wrenn/core';
import { type DataRange, dataRanges } from '@wrenn/sys';
import { readUpTo } from '../files/whole.ts';
import { stampOf } from '../templates/template-snapshot.ts';
import type { SnapshotPart } from './manifest.ts';

/** The checksum of a file is the SHA-256 of the SHA-256 sums of its pieces of this size: they are made beside each other. */
const pieceBytes = 4 << 20;
const piecesAtOnce = 4;

/** Collects the sums of pieces in their order; each is made on another thread. */
class Checksum {
  readonly #sums: Promise<ArrayBuffer>[] = [];
  #zeros: Promise<ArrayBuffer> | undefined;

  /** The bytes must stay as they are until the promise settles. */
  add(piece: Uint8Array<ArrayBuffer>): Promise<unknown> {
    const sum = crypto.subtle.digest('SHA-256', piece);
    this.#sums.push(sum);
    return sum;
  }

  /** A whole piece of them, which most of a disk may be: their sum is made once. */
  addZeros(): void {
    this.#zeros ??= crypto.subtle.digest('SHA-256', new Uint8Array(pieceBytes));
    this.#sums.push(this.#zeros);
  }

  async end(): Promise<string> {
    const hash = createHash('sha256');
    for (const sum of await Promise.all(this.#sums)) hash.update(new Uint8Array(sum));
    return hash.digest('hex');
  }
}

/** Where a sparse file has nothing; asked for ascending. */
class Holes {
  readonly #data: Iterator<DataRange>;
  #next: DataRange | undefined;

  constructor(fd: number, size: number) {
    this.#data = dataRanges(fd, size);
    this.#advance();
  }

  cover(offset: number, length: number): boolean {
    while (this.#next !== undefined && this.#next.offset + this.#next.length <= offset) this.#advance();
    return this.#next === undefined || this.#next.offset >= offset + length;
  }

  #advance(): void {
    const next = this.#data.next();
    this.#next = next.done === true ? undefined : next.value;
  }
}

export async function checksumOf(file: FileHandle): Promise<string> {
  const checksum = new Checksum();
  const { size } = await file.stat();
  const holes = new Holes(file.fd, size);
  const buffers = Array.from({ length: piecesAtOnce }, () => new Uint8Array(pieceBytes));
  const busy: Promise<unknown>[] = [];
  for (let offset = 0, turn = 0; offset < size; offset += pieceBytes, turn++) {
    const slot = turn % piecesAtOnce;
    await busy[slot];
    const buffer = buffers[slot] ?? new Uint8Array(pieceBytes);
    const piece = buffer.subarray(0, Math.min(pieceBytes, size - offset));
    if (piece.length === pieceBytes && holes.cover(offset, pieceBytes)) {
      checksum.addZeros();
      continue;
    }
    await readFully(file, piece, offset);
    busy[slot] = checksum.add(piece);
  }
  return await checksum.end();
}

/** What a manifest says of the file that is there now. */
export async function partOf(path: string): Promise<SnapshotPart> {
  await using file = await open(path, 'r');
  await file.sync();
  const sha256 = await checksumOf(file);
  const { size } = await file.stat();
  return { bytes: size, sha256, stamp: await stampOf(path) };
}

async function readFully(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  const read = await readUpTo(file, bytes, position);
  if (read < bytes.length) throw new Error(`the file ends at ${position + read}`);
}

/** What a file, or a folder with all in it, takes of the disk; 0 for what is gone. */
export async function sizeOf(path: string): Promise<number> {
  try {
    const { blocks } = await lstat(path);
    const names = await readdir(path).catch(noNames);
    const inside = await Promise.all(names.map((name) => sizeOf(join(path, name))));
    return inside.reduce((sum, bytes) => sum + bytes, blocks * 512);
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return 0;
    throw thrown;
  }
}

/** Of a file. */
function noNames(thrown: unknown): string[] {
  if (systemCode(thrown) === 'ENOTDIR') return [];
  throw thrown;
}

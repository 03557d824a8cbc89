import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs';
import { GuestMemory, type MemoryOptions, type TouchAll } from '../userfault-peer/guest-memory.ts';
import { guestPageBytes } from '../userfault-peer/memory-task.ts';
import type { BootOptions, LoadOptions, Tracking } from './world.ts';

const mebibyte = 1 << 20;
/** Where the guest's memory has a gap in its addresses: a real one has it at 3 GiB, which is too large for a test. */
const firstRegionMiB = 64;
/** How much is read and written at once. */
const sliceBytes = 1 << 20;
/** Where the fake boot puts the beginning of the kernel; below it is the command line. */
const kernelAt = 1 << 20;

/** Memory, and which pages of it were written since the start or the last snapshot. */
export class FakeGuest {
  readonly #memory: GuestMemory;
  readonly #tracking: Tracking;
  #dirty = new Set<number>();

  private constructor(memory: GuestMemory, tracking: Tracking) {
    this.#memory = memory;
    this.#tracking = tracking;
  }

  /** Its memory is zeros but for the command line, and the beginning of the kernel, which count as written. */
  static async boot(
    { memoryMiB, tracking, source }: BootOptions,
    threads: MemoryOptions,
  ): Promise<FakeGuest> {
    const guest = new FakeGuest(GuestMemory.anonymous(regionsOf(memoryMiB), threads), tracking);
    await guest.write(0, Buffer.from(source.boot_args ?? ''));
    if (memoryMiB > 1) await guest.write(kernelAt, beginningOf(source.kernel_image_path));
    return guest;
  }

  static async load(
    { memoryMiB, tracking, backend }: LoadOptions,
    threads: MemoryOptions,
  ): Promise<FakeGuest> {
    const lengths = regionsOf(memoryMiB);
    const { backend_type, backend_path } = backend;
    if (backend_type === 'Uffd') {
      return new FakeGuest(await GuestMemory.handedOver(lengths, backend_path, threads), tracking);
    }
    // Behind the end of the file there would be nothing to map.
    const { size } = statSync(backend_path);
    if (size !== memoryMiB * mebibyte)
      throw new Error(`the memory file has ${size} bytes, not ${memoryMiB} MiB`);
    return new FakeGuest(GuestMemory.ofFile(backend_path, lengths, threads), tracking);
  }

  read(offset: number, length: number): Promise<Buffer> {
    return this.#memory.read(offset, length);
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    await this.#memory.write(offset, bytes);
    const last = Math.floor((offset + bytes.length - 1) / guestPageBytes);
    for (let page = Math.floor(offset / guestPageBytes); page <= last; page++) this.#mark(page);
  }

  /** As a balloon does. It is no write of the guest: a Diff does not have these pages for it. */
  remove(offset: number, length: number): Promise<void> {
    return this.#memory.remove(offset, length);
  }

  sum(): Promise<string> {
    return this.#memory.sum();
  }

  /** How long it took, in ms. */
  async touchAll(touching: TouchAll): Promise<number> {
    const ms = await this.#memory.touchAll(touching);
    const pages = this.#memory.length / guestPageBytes;
    if (touching.mode === 'write') {
      for (let page = 0; page < pages; page += touching.every ?? 1) this.#mark(page);
    }
    return ms;
  }

  /**
   * Writes its memory to a file of the same size, over what is there. A `Full` has all pages, a `Diff` those that were
   * written since the start or the last file that was completed; the others are left as they are in the file, which are
   * holes in a new one. `fault` makes it fail when it has written half.
   */
  async save(path: string, type: 'Full' | 'Diff', fault: string | undefined): Promise<void> {
    const fd = openSync(path, constants.O_WRONLY | constants.O_CREAT, 0o644);
    try {
      // A file of that size is kept: a diff is laid over it.
      if (fstatSync(fd).size !== this.#memory.length) {
        ftruncateSync(fd, 0);
        ftruncateSync(fd, this.#memory.length);
      }
      const pages = type === 'Full' ? this.#memory.length / guestPageBytes : this.#dirty.size;
      let left = fault === undefined ? Number.POSITIVE_INFINITY : pages / 2;
      for (const { offset, length } of type === 'Full'
        ? slices(0, this.#memory.length)
        : this.#dirtySlices()) {
        if (left <= 0) break;
        writeAll(fd, await this.#memory.read(offset, length), offset);
        left -= length / guestPageBytes;
      }
      if (fault !== undefined) throw new Error(fault);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    this.#dirty = new Set();
  }

  #mark(page: number): void {
    if (this.#tracking === 'tracked') this.#dirty.add(page);
  }

  *#dirtySlices(): Generator<{ readonly offset: number; readonly length: number }> {
    const pages = [...this.#dirty].sort((a, b) => a - b);
    for (let index = 0; index < pages.length; ) {
      const first = pages[index] ?? 0;
      let count = 1;
      while (pages[index + count] === first + count) count++;
      yield* slices(first * guestPageBytes, count * guestPageBytes);
      index += count;
    }
  }
}

function regionsOf(memoryMiB: number): number[] {
  const sizes = memoryMiB > firstRegionMiB ? [firstRegionMiB, memoryMiB - firstRegionMiB] : [memoryMiB];
  return sizes.map((size) => size * mebibyte);
}

function* slices(
  offset: number,
  length: number,
): Generator<{ readonly offset: number; readonly length: number }> {
  for (let at = 0; at < length; at += sliceBytes) {
    yield { offset: offset + at, length: Math.min(sliceBytes, length - at) };
  }
}

function beginningOf(path: string): Buffer {
  const fd = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(guestPageBytes);
    return bytes.subarray(0, readSync(fd, bytes));
  } finally {
    closeSync(fd);
  }
}

function writeAll(fd: number, bytes: Uint8Array, offset: number): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, offset + at);
}

import { checked, nativeFunction, viewOf } from './libc.ts';

// SAFETY: integers. A mapping is made at an address that the kernel chooses, and is undone once, by the object that made it.
const mmap = nativeFunction(
  'intptr_t mmap(uintptr_t address, size_t length, int protection, int flags, int fd, int64_t offset)',
);
const munmap = nativeFunction('int munmap(uintptr_t address, size_t length)');
const madvise = nativeFunction('int madvise(uintptr_t address, size_t length, int advice)');

/** PROT_*, MAP_* and MADV_DONTNEED, of include/uapi/asm-generic/mman-common.h: the same on x86-64 and arm64. */
const protection = { read: 1, 'read-write': 1 | 2 } as const;
const sharingFlags = { shared: 1, private: 2 } as const;
/** Without a reservation: a guest's memory is mostly never touched. */
const anonymous = 0x20 | 0x4000;
const dontNeed = 4;

export interface FileMappingOptions {
  /** In bytes, of whole pages. */
  readonly offset?: number;
  readonly access: keyof typeof protection;
  readonly sharing: keyof typeof sharingFlags;
}

/** Memory of this process outside of JavaScript. After it was disposed of, its bytes must not be touched. */
export class MemoryMapping implements Disposable {
  readonly address: bigint;
  readonly length: number;
  #isMapped = true;

  constructor(address: number, length: number) {
    this.address = BigInt(address);
    this.length = length;
  }

  /** All of it, without a copy. Touching it may block this thread, or end the process where a mapped file was cut short. */
  get bytes(): Buffer {
    return viewOf(this.address, this.length);
  }

  /** Gives pages back: they read as zeros, or as the file, when they are touched again. Throws SystemCallError. */
  forget(offset: number, length: number): void {
    checked('madvise', madvise(this.address + BigInt(offset), length, dontNeed));
  }

  [Symbol.dispose](): void {
    if (!this.#isMapped) return;
    this.#isMapped = false;
    checked('munmap', munmap(this.address, this.length));
  }
}

/** Zeros that this process may write. Throws SystemCallError. */
export function mapAnonymous(length: number): MemoryMapping {
  const flags = sharingFlags.private | anonymous;
  return new MemoryMapping(checked('mmap', mmap(0, length, protection['read-write'], flags, -1, 0)), length);
}

/** A part of a file; the descriptor may be closed afterwards. Throws SystemCallError. */
export function mapFile(
  fd: number,
  length: number,
  { offset = 0, access, sharing }: FileMappingOptions,
): MemoryMapping {
  const address = mmap(0, length, protection[access], sharingFlags[sharing], fd, offset);
  return new MemoryMapping(checked('mmap', address), length);
}

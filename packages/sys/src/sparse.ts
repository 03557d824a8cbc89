import { checked, nativeFunction, SystemCallError } from './libc.ts';

// SAFETY: integers only. Offsets are 64 bits wide on both architectures that Wrenn runs on.
const lseek = nativeFunction('int64_t lseek(int fd, int64_t offset, int whence)');
const fallocate = nativeFunction('int fallocate(int fd, int mode, int64_t offset, int64_t length)');

/** SEEK_DATA, SEEK_HOLE; FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE. */
const seekData = 3;
const seekHole = 4;
const punchKeepingSize = 1 | 2;

export interface DataRange {
  readonly offset: number;
  readonly length: number;
}

/**
 * The parts of a file's first `length` bytes that are not holes, ascending. Moves the descriptor's position, which nobody
 * else may use meanwhile. A file system may say that more is data than was written, never less. Throws SystemCallError.
 */
export function* dataRanges(fd: number, length: number): Generator<DataRange> {
  for (let end = 0; end < length; ) {
    const offset = seek(fd, end, seekData) ?? length;
    if (offset >= length) return;
    end = Math.min(length, seek(fd, offset, seekHole) ?? length);
    yield { offset, length: end - offset };
  }
}

/** Gives the space of a part back: it reads as zeros from now on. Throws SystemCallError. */
export function punchHole(fd: number, offset: number, length: number): void {
  checked('fallocate', fallocate(fd, punchKeepingSize, offset, length));
}

/** Undefined behind the last of what is looked for. */
function seek(fd: number, offset: number, whence: number): number | undefined {
  try {
    return checked('lseek', lseek(fd, offset, whence));
  } catch (thrown) {
    if (thrown instanceof SystemCallError && thrown.code === 'ENXIO') return undefined;
    throw thrown;
  }
}

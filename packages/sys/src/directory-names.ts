import { endianness } from 'node:os';
import { checked, nativeFunction, SystemCallError } from './libc.ts';

// SAFETY: the kernel fills at most `size` bytes of the buffer, which has that many. The bare system call, since older C
// libraries have no function for it.
const call = nativeFunction('long syscall(long number, int fd, void *buffer, size_t size)');
const callNumbers: Readonly<Record<string, number>> = { x64: 217, arm64: 61 };

/** Used by one call at a time: what is read is copied out before it returns. */
const batch = Buffer.allocUnsafeSlow(32 * 1024);
/** struct linux_dirent64: inode and offset of 8 bytes each, the record's length, the type, the name. */
const lengthOffset = 16;
const nameOffset = 19;

/**
 * The next names in a directory that was opened for reading: a few hundred, without `.` and `..`; undefined at the end,
 * or when the directory was removed. A name is bytes, here one character each (latin1), so that none is changed and
 * their order is that of their bytes. Throws SystemCallError.
 */
export function nextDirectoryNames(fd: number): string[] | undefined {
  const number = callNumbers[process.arch];
  if (number === undefined || endianness() !== 'LE') throw new Error(`${process.arch} is not known`);
  const end = fill(number, fd);
  if (end === 0) return undefined;
  const names: string[] = [];
  for (let start = 0; start < end; ) {
    const next = start + batch.readUInt16LE(start + lengthOffset);
    const record = batch.subarray(start + nameOffset, next);
    const name = record.toString('latin1', 0, record.indexOf(0));
    if (name !== '.' && name !== '..') names.push(name);
    start = next;
  }
  return names;
}

function fill(number: number, fd: number): number {
  try {
    return checked('getdents64', call(number, fd, batch, batch.length));
  } catch (thrown) {
    if (thrown instanceof SystemCallError && thrown.code === 'ENOENT') return 0;
    throw thrown;
  }
}

import { checked, nativeFunction } from './libc.ts';

// SAFETY: `path` ends in a zero byte and is only read during the call. A device number has 64 bits.
const mknod = nativeFunction('int mknod(const void *path, unsigned int mode, uint64_t device)');

/**
 * Makes a named pipe, a socket's name or a device: what `mode`, an `st_mode`, says. Devices need CAP_MKNOD. Throws
 * SystemCallError.
 */
export function makeSpecialFile(path: Buffer, mode: number, device: bigint): void {
  if (path.includes(0)) throw new TypeError('a path contains a NUL');
  checked('mknod', mknod(Buffer.concat([path, Buffer.of(0)]), mode, device));
}

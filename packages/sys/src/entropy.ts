import { closeSync, openSync } from 'node:fs';
import { checked, nativeFunction } from './libc.ts';

/** From linux/random.h: _IOW('R', 3, int[2]) and _IO('R', 7). */
const addEntropy = 0x40085203n;
const reseed = 0x5207n;

// SAFETY: for RNDADDENTROPY the kernel reads a struct rand_pool_info (two ints and the bytes) that lives in one
// typed array referenced until the call returns; RNDRESEEDCRNG takes no argument.
const ioctl = nativeFunction('int ioctl(int fd, unsigned long request, void *argument)');

/** More than this says nothing new to a pool that is 256 bits wide. */
const limitBytes = 512;

/**
 * Mixes `bytes` into the kernel's random pool, credits them as fully random, and reseeds its generator from the pool
 * at once, so that two machines restored from one snapshot stop giving the same numbers. Needs CAP_SYS_ADMIN; throws
 * SystemCallError, and RangeError when there are no bytes or more than 512.
 */
export function reseedRandomPool(bytes: Uint8Array): void {
  if (bytes.length === 0 || bytes.length > limitBytes) {
    throw new RangeError(`entropy must be 1 to ${limitBytes} bytes`);
  }
  const info = new Uint8Array(8 + bytes.length);
  const header = new DataView(info.buffer);
  header.setInt32(0, bytes.length * 8, littleEndian);
  header.setInt32(4, bytes.length, littleEndian);
  info.set(bytes, 8);
  const fd = openSync('/dev/urandom', 'r');
  try {
    checked('ioctl RNDADDENTROPY', ioctl(fd, addEntropy, info));
    checked('ioctl RNDRESEEDCRNG', ioctl(fd, reseed, null));
  } finally {
    closeSync(fd);
    info.fill(0);
  }
}

/** Every machine that Wrenn runs on (x86-64, arm64) is. */
const littleEndian = true;

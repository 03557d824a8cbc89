import { checked, nativeFunction, SystemCallError } from './libc.ts';

// SAFETY: `path` and `name` end in a zero byte; the kernel reads or fills at most `size` bytes of the buffer, which is
// at least that long. Nothing is kept after the call. Results fit into 64 bits.
const listxattr = nativeFunction('long listxattr(const void *path, void *list, size_t size)');
const getxattr = nativeFunction(
  'long getxattr(const void *path, const char *name, void *value, size_t size)',
);
const setxattr = nativeFunction(
  'int setxattr(const void *path, const char *name, const void *value, size_t size, int flags)',
);
const removexattr = nativeFunction('int removexattr(const void *path, const char *name)');

/** Most lists and values fit, so that one call is enough. */
const usualBytes = 1024;
const setOrReplace = 0;

/** A descriptor (an `O_PATH` one too), or a path whose last symbolic link is followed. Descriptors need /proc. */
export type XattrTarget = number | string | Buffer;

/** The names of the extended attributes that the caller may see. Throws SystemCallError. */
export function listXattrs(target: XattrTarget): string[] {
  const path = pathOf(target);
  const list = readGrowing('listxattr', (buffer, size) => listxattr(path, buffer, size));
  return list
    .toString('utf8')
    .split('\0')
    .filter((name) => name !== '');
}

/** An attribute's value. Throws SystemCallError, `ENODATA` when there is none of this name. */
export function readXattr(target: XattrTarget, name: string): Buffer {
  const path = pathOf(target);
  return readGrowing('getxattr', (buffer, size) => getxattr(path, name, buffer, size));
}

/** Sets or replaces an attribute. Throws SystemCallError. */
export function writeXattr(target: XattrTarget, name: string, value: Uint8Array): void {
  checked('setxattr', setxattr(pathOf(target), name, value, value.length, setOrReplace));
}

/** Throws SystemCallError, `ENODATA` when there is none of this name. */
export function removeXattr(target: XattrTarget, name: string): void {
  checked('removexattr', removexattr(pathOf(target), name));
}

/** What `read` fills, which may have grown between asking for its size and reading it. */
function readGrowing(syscall: string, read: (buffer: Buffer | null, size: number) => number): Buffer {
  for (let size = usualBytes; ; size = checked(syscall, read(null, 0))) {
    const buffer = Buffer.allocUnsafe(size);
    try {
      return buffer.subarray(0, checked(syscall, read(buffer, size)));
    } catch (thrown) {
      if (!(thrown instanceof SystemCallError && thrown.code === 'ERANGE')) throw thrown;
    }
  }
}

function pathOf(target: XattrTarget): Buffer {
  if (typeof target === 'number') return Buffer.from(`/proc/self/fd/${target}\0`);
  const path = typeof target === 'string' ? Buffer.from(target) : target;
  if (path.includes(0)) throw new TypeError('a path contains a NUL');
  return Buffer.concat([path, Buffer.of(0)]);
}

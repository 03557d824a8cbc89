import { systemCode, WrennError } from '@wrenn/core';
import { listXattrs, readXattr, removeXattr, writeXattr, type XattrTarget } from '@wrenn/sys';
import { fileFault } from './file-fault.ts';

/** What users note of a file, kept with it as extended attributes of this prefix. */
export type Metadata = Readonly<Record<string, string>>;

const prefix = 'user.e2b.';
/** The kernel's 255 for an attribute's name, less the prefix. */
const longestKeyBytes = 255 - prefix.length;
/** Names with their prefix, and values: what an ext4 inode's attribute block holds. */
const mostBytes = 4096;
const printable = /^[ -~]*$/;

/** File systems that keep no attributes, what this user may not read, and what has gone meanwhile: no metadata. */
const unreadable: readonly (string | undefined)[] = [
  'ENOTSUP',
  'ENOSYS',
  'EACCES',
  'EPERM',
  'ENODATA',
  'ENOENT',
  'ENOTDIR',
  'ELOOP',
];

/** Throws `invalid_request` unless keys and values are printable ASCII and not too long. */
export function checkMetadata(metadata: Metadata): void {
  let bytes = 0;
  for (const [key, value] of Object.entries(metadata)) {
    if (key === '') throw refused('a key is empty');
    if (!printable.test(key)) throw refused(`the key ${JSON.stringify(key)} is not printable ASCII`);
    if (!printable.test(value)) throw refused(`the value of '${key}' is not printable ASCII`);
    if (key.length > longestKeyBytes) {
      throw refused(`the key '${key}' has ${key.length} bytes, at most ${longestKeyBytes} are possible`);
    }
    bytes += prefix.length + key.length + value.length;
  }
  if (bytes > mostBytes) {
    throw refused(`has ${bytes} bytes with its names' prefixes, at most ${mostBytes} are possible`);
  }
}

/** What is noted of a regular file or a folder; nothing where the caller may not read it. */
export function readMetadata(target: XattrTarget): Record<string, string> {
  const names = orElse([], () => listXattrs(target)).filter((name) => name.startsWith(prefix));
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = orElse(undefined, () => readXattr(target, name));
      return value === undefined ? [] : [[name.slice(prefix.length), value.toString('utf8')]];
    }),
  );
}

/**
 * Makes `metadata`, which was checked, all that is noted of the file. For a descriptor that its user opened for
 * writing this may run as root, since the user could have given the file any permissions.
 *
 * Throws `invalid_request` where the file system keeps no metadata and some is given, `no_space` when it has no room.
 */
export function replaceMetadata(fd: number, metadata: Metadata): void {
  const before = orElse([], () => listXattrs(fd)).filter((name) => name.startsWith(prefix));
  try {
    for (const name of before) {
      if (!Object.hasOwn(metadata, name.slice(prefix.length))) orElse(undefined, () => removeXattr(fd, name));
    }
    for (const [key, value] of Object.entries(metadata)) {
      writeXattr(fd, `${prefix}${key}`, Buffer.from(value));
    }
  } catch (thrown) {
    throw storingFault(thrown);
  }
}

function storingFault(thrown: unknown): WrennError {
  const code = systemCode(thrown);
  if (code === 'ENOTSUP' || code === 'ENOSYS') return refused('cannot be kept on this file system', thrown);
  if (code === 'E2BIG' || code === 'ERANGE') return refused('is too large for this file system', thrown);
  return fileFault(thrown, 'metadata', 'metadata');
}

function orElse<T>(fallback: T, read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    if (unreadable.includes(systemCode(thrown))) return fallback;
    throw thrown;
  }
}

function refused(problem: string, cause?: unknown): WrennError {
  return new WrennError('invalid_request', `metadata: ${problem}`, { field: 'metadata', cause });
}

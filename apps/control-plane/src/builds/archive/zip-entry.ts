import { isUtf8 } from 'node:buffer';
import yauzl from 'yauzl';
import { refusal } from './refusal.ts';

/** Who wrote the entry, as far as it tells what the attributes mean. */
const unixHosts = [3, 19];
const utf8Flag = 0x800;
const permissions = 0o7777;
const typeMask = 0o170000;
const typesOfUnix = new Map<number, 'file' | 'directory' | 'symlink'>([
  [0, 'file'],
  [0o100000, 'file'],
  [0o040000, 'directory'],
  [0o120000, 'symlink'],
]);

export interface ZipEntryType {
  readonly type: 'file' | 'directory' | 'symlink';
  readonly mode: number;
}

/** Refuses what cannot be read: encrypted entries and rare compressions. */
export function checkReadable(entry: yauzl.Entry, name: string): void {
  if (entry.isEncrypted()) throw refusal('is encrypted', name, { remedy: 'make the zip without a password' });
  if (entry.compressionMethod !== 0 && entry.compressionMethod !== 8) {
    throw refusal(`is compressed by method ${entry.compressionMethod}`, name, {
      remedy: 'make the zip with deflate or without compression',
    });
  }
}

/** Names are UTF-8 where they can be: much that writes zips on Unix and macOS does so without saying it. */
export function zipName(entry: yauzl.Entry): string {
  const flags = entry.generalPurposeBitFlag | (isUtf8(entry.fileNameRaw) ? utf8Flag : 0);
  return yauzl.getFileNameLowLevel(flags, entry.fileNameRaw, entry.extraFields, false);
}

/** The type is in the upper half of the attributes, if a Unix wrote them; else in the last character of the name. */
export function zipEntryType(entry: yauzl.Entry, name: string): ZipEntryType {
  const isFolder = name.endsWith('/');
  const unix = unixHosts.includes(entry.versionMadeBy >> 8) ? entry.externalFileAttributes >>> 16 : 0;
  const type = isFolder && (unix & typeMask) === 0 ? 'directory' : typesOfUnix.get(unix & typeMask);
  if (type === undefined) throw refusal('is neither a file, a directory nor a symbolic link', name);
  if (isFolder !== (type === 'directory') && isFolder) {
    throw refusal('is named like a directory but is none', name);
  }
  if (type === 'directory' && entry.uncompressedSize !== 0) {
    throw refusal('has content but is not a file', name);
  }
  return { type, mode: unix === 0 ? (type === 'directory' ? 0o755 : 0o644) : unix & permissions };
}

/**
 * What a path leads to, as the messages of E2B's clients say it: `entryAt(path, account, daemon.accounts.names())`.
 * Inside of asUser, or in a step of inSlices, `readEntry(path, names)` does the same without changing the user.
 */
import { type BigIntStats, lstatSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { systemCode } from '@wrenn/core';
import { FileType } from '@wrenn/protocol/filesystem';
import type { Account, AccountNames } from '../users/accounts.ts';
import { asUser } from '../users/as-user.ts';
import { fileFault } from './file-fault.ts';
import { readMetadata } from './metadata.ts';
import { baseName, cleanPath, parentOf } from './path-parts.ts';
import { permissionString } from './permission-string.ts';

/** EntryInfo as the protobuf library takes it. */
export interface Entry {
  readonly name: string;
  readonly type: FileType;
  readonly path: string;
  readonly size: bigint;
  readonly mode: number;
  readonly permissions: string;
  readonly owner: string;
  readonly group: string;
  readonly modifiedTime: { readonly seconds: bigint; readonly nanos: number };
  readonly symlinkTarget?: string;
  readonly metadata: Record<string, string>;
}

/** Throws as fileFault does when there is nothing, or `account` may not look. */
export function entryAt(path: string, account: Account, names: AccountNames): Entry {
  const cleaned = cleanPath(path);
  try {
    return asUser(account, () => readEntry(cleaned, names));
  } catch (thrown) {
    throw fileFault(thrown, path);
  }
}

/**
 * Reads a clean path as the caller's user. Name, size, owner and permissions are those of a symbolic link itself; type,
 * mode and metadata are those of what it finally leads to. Throws what the system call did.
 *
 * `shown` is what clients are told where the path itself would not do: a name is bytes, and theirs is UTF-8.
 */
export function readEntry(path: string | Buffer, names: AccountNames, shown = String(path)): Entry {
  const own = lstatSync(path, { bigint: true });
  const target = own.isSymbolicLink() ? ifReachable(() => statSync(path, { bigint: true })) : own;
  return {
    name: baseName(shown),
    path: shown,
    type: typeOf(target),
    size: own.size,
    mode: Number(target?.mode ?? 0n) & 0o777,
    permissions: permissionString(Number(own.mode)),
    owner: names.user(Number(own.uid)),
    group: names.group(Number(own.gid)),
    modifiedTime: timestampOf(own.mtimeNs),
    ...(own.isSymbolicLink() ? { symlinkTarget: targetOf(path) } : {}),
    // Of devices and pipes there is none, and asking could disturb them.
    metadata: target?.isFile() || target?.isDirectory() ? readMetadata(path) : {},
  };
}

function typeOf(target: BigIntStats | undefined): FileType {
  if (target?.isFile()) return FileType.FILE;
  return target?.isDirectory() ? FileType.DIRECTORY : FileType.UNSPECIFIED;
}

/** The link's end, or as far as it goes: for one that leads nowhere its own text, from the folder that it is in. */
function targetOf(path: string | Buffer): string {
  const end = ifReachable(() => realpathSync.native(path));
  if (end !== undefined) return end;
  const text = readlinkSync(path);
  if (text.startsWith('/')) return text;
  const folder = folderOf(path);
  return cleanPath(`${ifReachable(() => realpathSync.native(folder)) ?? folder}/${text}`);
}

function folderOf(path: string | Buffer): string | Buffer {
  if (typeof path === 'string') return parentOf(path);
  return Buffer.from(parentOf(path.toString('latin1')), 'latin1');
}

const unreachable: readonly (string | undefined)[] = ['ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP', 'ENAMETOOLONG'];

function ifReachable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (thrown) {
    if (unreachable.includes(systemCode(thrown))) return undefined;
    throw thrown;
  }
}

const second = 1_000_000_000n;
/** The years 1 to 9999, which is what a Timestamp holds; files may have any time. */
const earliest = -62_135_596_800n;
const latest = 253_402_300_799n;

function timestampOf(ns: bigint): Entry['modifiedTime'] {
  const nanos = ((ns % second) + second) % second;
  const seconds = (ns - nanos) / second;
  if (seconds < earliest) return { seconds: earliest, nanos: 0 };
  if (seconds > latest) return { seconds: latest, nanos: 999_999_999 };
  return { seconds, nanos: Number(nanos) };
}

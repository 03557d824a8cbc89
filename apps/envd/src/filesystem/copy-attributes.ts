import { type BigIntStats, chmodSync, chownSync, lchownSync, lutimesSync, utimesSync } from 'node:fs';
import { systemCode } from '@wrenn/core';
import { listXattrs, readXattr, writeXattr } from '@wrenn/sys';

const permissionBits = 0o7777;
/** Without the flags that make a program run as its owner or group. */
const plainBits = 0o1777;
/** What a user may not give, or a file system does not keep. */
const impossible: readonly (string | undefined)[] = [
  'EPERM',
  'EACCES',
  'ENOTSUP',
  'ENOSYS',
  'EINVAL',
  'ENOSPC',
  'E2BIG',
  'ENODATA',
];

/**
 * Gives the copy at `to` the owner, extended attributes, permissions and times of the original at `from`, as far as the
 * user may and the file system can. The permissions must succeed.
 */
export function copyAttributes(from: string, to: string | Buffer, original: BigIntStats): void {
  const owned = ifPossible(() => chownSync(to, Number(original.uid), Number(original.gid)));
  for (const name of namesOf(from)) ifPossible(() => writeXattr(to, name, readXattr(from, name)));
  // After the owner, whose change takes flags away, and the attributes, which ask for the right to write.
  chmodSync(to, Number(original.mode) & (owned ? permissionBits : plainBits));
  utimesSync(to, timeOf(original.atimeNs), timeOf(original.mtimeNs));
}

/** The same for a symbolic link, which has neither permissions nor attributes of its own. */
export function copyLinkAttributes(to: Buffer, original: BigIntStats): void {
  ifPossible(() => lchownSync(to, Number(original.uid), Number(original.gid)));
  lutimesSync(to, timeOf(original.atimeNs), timeOf(original.mtimeNs));
}

function namesOf(from: string): readonly string[] {
  try {
    return listXattrs(from);
  } catch (thrown) {
    if (impossible.includes(systemCode(thrown))) return [];
    throw thrown;
  }
}

/** False when it was not. */
function ifPossible(change: () => void): boolean {
  try {
    change();
    return true;
  } catch (thrown) {
    if (impossible.includes(systemCode(thrown))) return false;
    throw thrown;
  }
}

/** Node takes a number before 1970 for now, a Date not. */
function timeOf(ns: bigint): number | Date {
  return ns < 0n ? new Date(Number(ns / 1_000_000n)) : Number(ns) / 1e9;
}

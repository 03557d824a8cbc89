import { readdirSync, readlinkSync } from 'node:fs';
import { systemCode } from '@wrenn/core';

/** The inodes of this daemon's own sockets. */
export function socketsOfThisProcess(): ReadonlySet<number | undefined> {
  return new Set(readdirSync('/proc/self/fd').map((fd) => socketInode(`/proc/self/fd/${fd}`)));
}

function socketInode(path: string): number | undefined {
  try {
    const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(path))?.[1];
    return inode === undefined ? undefined : Number(inode);
  } catch (thrown) {
    // The descriptor that the folder itself was read by.
    if (systemCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

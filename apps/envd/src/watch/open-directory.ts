import { closeSync, constants, openSync, statfsSync } from 'node:fs';
import { systemCode, WrennError } from '@wrenn/core';
import { fileFault } from '../filesystem/file-fault.ts';
import type { Account } from '../users/accounts.ts';
import { asUser } from '../users/as-user.ts';

/** A directory that the user may read, held open: what is done by `path` is done to it, whatever its name becomes. */
export interface OpenDirectory extends Disposable {
  readonly path: string;
}

/** What other machines do on these the kernel does not tell of. From linux/magic.h, and for CIFS fs/smb/client. */
const networkFileSystems: Readonly<Record<number, string>> = {
  [0x6969]: 'NFS',
  [0x517b]: 'SMB',
  [0xff534d42]: 'CIFS',
  [0xfe534d42]: 'SMB2',
  [0x65735546]: 'FUSE',
};

const { O_RDONLY, O_DIRECTORY, O_NONBLOCK, O_NOFOLLOW } = constants;

export interface OpenRules {
  readonly symlink: 'follow' | 'refuse';
  readonly networkMount: 'allow' | 'refuse';
}

/**
 * Opens a directory as the user. Throws as `fileFault` says, and `invalid_request` for what is no directory and for a
 * network mount that is refused.
 */
export function openDirectory(path: string, account: Account, rules: OpenRules): OpenDirectory {
  const link = rules.symlink === 'refuse' ? O_NOFOLLOW : 0;
  const fd = open(path, account, O_RDONLY | O_DIRECTORY | O_NONBLOCK | link);
  const directory = { path: `/proc/self/fd/${fd}`, [Symbol.dispose]: () => closeSync(fd) };
  try {
    if (rules.networkMount === 'refuse') refuseNetworkMount(path, directory);
    return directory;
  } catch (thrown) {
    closeSync(fd);
    throw thrown;
  }
}

function open(path: string, account: Account, flags: number): number {
  try {
    return asUser(account, () => openSync(path, flags));
  } catch (thrown) {
    if (systemCode(thrown) !== 'ENOTDIR') throw fileFault(thrown, path);
    throw new WrennError('invalid_request', `path '${path}' is not a directory`, {
      cause: thrown,
      field: 'path',
    });
  }
}

/** The name of the file system that statfs(2) gives this number to, or undefined for one of this machine. */
export function networkFileSystemOf(type: number): string | undefined {
  // Signed where the C type is.
  return networkFileSystems[type >>> 0];
}

function refuseNetworkMount(path: string, directory: OpenDirectory): void {
  const type = networkFileSystemOf(statfsSync(directory.path).type);
  if (type === undefined) return;
  throw new WrennError('invalid_request', `path '${path}' is on a network mount (${type})`, {
    field: 'path',
    remedy: 'set allow_network_mounts: changes that this capsule makes there are then told, others are not',
  });
}

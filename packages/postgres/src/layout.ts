import { chmod, chown, mkdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { WrennError } from '@wrenn/core';
import type { Account } from './account.ts';

/** Where a cluster keeps what; all below one directory. */
export interface Layout {
  readonly directory: string;
  readonly data: string;
  /** Holds the Unix socket. */
  readonly run: string;
  readonly password: string;
  readonly log: string;
}

/** `sun_path` has 108 bytes, the last of them zero. */
const longestSocketPathBytes = 107;
const socketName = '.s.PGSQL.5432';

export function placesBelow(directory: string): Layout {
  const root = resolve(directory);
  return {
    directory: root,
    data: join(root, 'data'),
    run: join(root, 'run'),
    password: join(root, 'password'),
    log: join(root, 'postgres.log'),
  };
}

/** Makes the folders, owned by the server's user, and checks that it can get there. */
export async function layOut(directory: string, account: Account): Promise<Layout> {
  const layout = placesBelow(directory);
  const root = layout.directory;
  const socket = join(layout.run, socketName);
  if (Buffer.byteLength(socket) > longestSocketPathBytes) {
    throw new WrennError(
      'missing_prerequisite',
      `the socket path ${socket} has ${Buffer.byteLength(socket)} bytes, and Linux allows ${longestSocketPathBytes}`,
      { remedy: 'choose a shorter data directory' },
    );
  }
  await mkdir(root, { recursive: true });
  await refuseUnreachable(root, account);
  // The top folder stays ours: a server that was taken over must not be able to lay links where root writes.
  await chmod(root, 0o711);
  await ensureOwned(layout.run, account);
  return layout;
}

/** A folder that only the server's user (and root) may enter. */
export async function ensureOwned(folder: string, account: Account): Promise<void> {
  await mkdir(folder, { recursive: true });
  await chown(folder, account.uid, account.gid);
  await chmod(folder, 0o700);
}

/** The server's user must pass every folder above; without this check initdb says only "Permission denied". */
async function refuseUnreachable(root: string, account: Account): Promise<void> {
  for (let folder = dirname(root); ; folder = dirname(folder)) {
    const { mode, uid, gid } = await stat(folder);
    const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) {
      throw new WrennError('missing_prerequisite', `PostgreSQL's user cannot pass through ${folder}`, {
        remedy: `allow it (chmod o+x ${folder}), or choose another data directory`,
      });
    }
    if (folder === dirname(folder)) return;
  }
}

import { type BigIntStats, closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import { WrennError } from '@wrenn/core';
import { fileFault } from '../filesystem/file-fault.ts';
import type { Account } from '../users/accounts.ts';
import { asUser } from '../users/as-user.ts';
import { closeAside } from './descriptors.ts';

export interface OpenFile extends Disposable {
  readonly fd: number;
  readonly stats: BigIntStats;
}

const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/**
 * Opens a regular file for reading, as the user. Throws `not_found`, `forbidden`, and `invalid_request` for a
 * directory, a FIFO or a device.
 */
export function openForReading(path: string, account: Account, field = 'path'): OpenFile {
  try {
    return asUser(account, () => {
      // Opening a FIFO would wake its writer, and opening some devices does things: looked at first, and once more.
      requireRegular(statSync(path, { bigint: true }), path, field);
      const fd = openSync(path, flags);
      try {
        const stats = fstatSync(fd, { bigint: true });
        requireRegular(stats, path, field);
        return { fd, stats, [Symbol.dispose]: () => closeAside(fd) };
      } catch (thrown) {
        closeSync(fd);
        throw thrown;
      }
    });
  } catch (thrown) {
    throw fileFault(thrown, path, field);
  }
}

/** Throws `invalid_request`. */
export function requireRegular(
  stats: { isFile(): boolean; isDirectory(): boolean },
  path: string,
  field = 'path',
): void {
  if (stats.isFile()) return;
  const what = stats.isDirectory() ? 'a directory' : 'not a regular file';
  throw new WrennError('invalid_request', `path '${path}' is ${what}`, { field });
}

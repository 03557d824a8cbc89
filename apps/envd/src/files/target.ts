import {
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  realpathSync,
  type Stats,
} from 'node:fs';
import { basename, dirname } from 'node:path';
import { systemCode, WrennError } from '@wrenn/core';
import { fileFault } from '../filesystem/file-fault.ts';
import type { Account } from '../users/accounts.ts';
import { asUser } from '../users/as-user.ts';
import { requireRegular } from './open-file.ts';
import { type Validators, validatorsOf } from './validators.ts';

/** A file that is to be written. */
export interface Target {
  /** As the client means it. */
  readonly path: string;
  /** Where it is, with no symbolic link on the way. */
  readonly folder: string;
  readonly realPath: string;
  /** Of the file that is there already. */
  readonly existing: Stats | undefined;
}

/** As many as the kernel follows. */
const mostLinks = 40;
const folderMode = 0o755;

/**
 * Finds where `path` leads, as the user, and makes the folders that lack. Throws `invalid_request` for anything but a
 * regular file, and `forbidden` for a file that the user may not write.
 */
export function locateTarget(path: string, account: Account, field = 'path'): Target {
  try {
    return asUser(account, () => {
      const target = followLinks(path, field);
      if (target.existing !== undefined) {
        requireRegular(target.existing, path, field);
        requireWritable(target.realPath);
      }
      return target;
    });
  } catch (thrown) {
    throw fileFault(thrown, path, field);
  }
}

/** What is there now, as the user sees it; undefined where nothing is. */
export function versionAt({ path, realPath }: Target, account: Account): Validators | undefined {
  try {
    const stats = asUser(account, () => lstatSync(realPath, { bigint: true, throwIfNoEntry: false }));
    return stats === undefined ? undefined : validatorsOf(stats);
  } catch (thrown) {
    throw fileFault(thrown, path);
  }
}

function followLinks(path: string, field: string): Target {
  let at = path;
  for (let hops = 0; hops <= mostLinks; hops++) {
    const name = basename(at);
    if (at.endsWith('/') || name === '.' || name === '..') {
      throw new WrennError('invalid_request', `path '${path}' is a directory`, { field });
    }
    const folder = enterFolder(dirname(at));
    const realPath = `${folder === '/' ? '' : folder}/${name}`;
    const existing = lstatSync(realPath, { throwIfNoEntry: false });
    if (!existing?.isSymbolicLink()) return { path, folder, realPath, existing };
    const next = readlinkSync(realPath);
    at = next.startsWith('/') ? next : `${folder}/${next}`;
  }
  throw new WrennError('invalid_request', `path '${path}' has too many levels of symbolic links`, { field });
}

function enterFolder(path: string): string {
  try {
    return realpathSync.native(path);
  } catch (thrown) {
    if (systemCode(thrown) !== 'ENOENT') throw thrown;
    mkdirSync(path, { recursive: true, mode: folderMode });
    return realpathSync.native(path);
  }
}

/** Renaming over a file asks for a right on its folder only; who overwrites a file needs one on the file. */
function requireWritable(path: string): void {
  const { O_WRONLY, O_NONBLOCK, O_NOCTTY, O_NOFOLLOW } = constants;
  try {
    closeSync(openSync(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW));
  } catch (thrown) {
    // A program that runs cannot be written to, but it can be replaced.
    if (systemCode(thrown) !== 'ETXTBSY') throw thrown;
  }
}

import { randomUUID } from 'node:crypto';
import { lstatSync, renameSync } from 'node:fs';
import { systemCode, WrennError } from '@wrenn/core';
import { logFault } from '../log.ts';
import type { Account } from '../users/accounts.ts';
import { copyTree } from './copy-tree.ts';
import { fileFault } from './file-fault.ts';
import { inSlices, type Steps } from './in-slices.ts';
import { makeDirectories } from './make-directories.ts';
import { cleanPath, parentOf } from './path-parts.ts';
import { removeTree } from './remove-tree.ts';

/** For what must come to its end although the client has gone. */
const never = new AbortController().signal;

/**
 * Moves what `from` names, a link itself, to `to`, and makes the folders on the way there. What is at `to` is replaced
 * as rename(2) does: a file by a file, an empty directory by a directory.
 *
 * Onto another file system it is copied under a draft name beside `to`, put in place, and then removed at `from`. A
 * fault before that, or the abort of `signal`, leaves `from` and `to` as they were. Throws as fileFault does.
 */
export async function movePath(
  from: string,
  to: string,
  account: Account,
  signal: AbortSignal,
): Promise<void> {
  const [source, destination] = [cleanPath(from), cleanPath(to)];
  if ((await inSlices(account, rename(source, destination), signal)) === 'renamed') return;
  const draft = `${cleanPath(`${parentOf(destination)}/.${randomUUID()}`)}.moving`;
  try {
    await inSlices(account, copyTree(source, draft, destination, signal), signal);
    await inSlices(account, rename(draft, destination), signal);
  } catch (thrown) {
    await inSlices(account, removeTree(draft), never).catch((fault: unknown) =>
      logFault(`removing the draft ${draft}`, fault),
    );
    throw thrown;
  }
  await inSlices(account, removeTree(source), never);
}

/** Tries first, since the folders are mostly there, and a source that is missing must make none. */
function* rename(from: string, to: string): Steps<'renamed' | 'other-file-system'> {
  let outcome = renameIfPossible(from, to);
  if (outcome === 'missing') {
    yield* makeFoldersOf(from, to);
    outcome = renameIfPossible(from, to);
  }
  if (outcome === 'missing')
    throw new WrennError('not_found', `path '${from}' does not exist`, { field: 'source' });
  return outcome;
}

function* makeFoldersOf(from: string, to: string): Steps<void> {
  try {
    lstatSync(from);
  } catch (thrown) {
    throw fileFault(thrown, from, 'source');
  }
  yield* makeDirectories(parentOf(to), 'destination');
}

function renameIfPossible(from: string, to: string): 'renamed' | 'missing' | 'other-file-system' {
  try {
    renameSync(from, to);
    return 'renamed';
  } catch (thrown) {
    const code = systemCode(thrown);
    if (code === 'ENOENT') return 'missing';
    if (code === 'EXDEV') return 'other-file-system';
    throw renameFault(thrown, from, to);
  }
}

/** rename(2) has one error for two paths. */
function renameFault(thrown: unknown, from: string, to: string): WrennError {
  switch (systemCode(thrown)) {
    case 'EINVAL':
      return new WrennError('invalid_request', `path '${from}' cannot be moved into itself`, {
        field: 'destination',
        cause: thrown,
      });
    case 'ENOTEMPTY':
    case 'EEXIST':
    case 'EISDIR':
    case 'ENOTDIR':
      return fileFault(thrown, to, 'destination');
    default:
      return fileFault(thrown, from, 'source');
  }
}

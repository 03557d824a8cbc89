import type { HandlerContext, ServiceImpl } from '@connectrpc/connect';
import { WrennError } from '@wrenn/core';
import { type Filesystem, FileType } from '@wrenn/protocol/filesystem';
import { type Daemon, requireServing } from '../guest/daemon.ts';
import { unary } from '../rpc/rpc-error.ts';
import type { Account } from '../users/accounts.ts';
import { usernameOf } from '../users/authorization.ts';
import { type Entry, entryAt } from './entry-info.ts';
import { inSlices } from './in-slices.ts';
import { listTree } from './list-tree.ts';
import { makeDirectories } from './make-directories.ts';
import { movePath } from './move-path.ts';
import { removeTree } from './remove-tree.ts';
import { resolveUserPath } from './user-path.ts';

/** `filesystem.Filesystem` but for the watchers. All is done as the user of the call, and ends with it. */
export function filesystemService(daemon: Daemon): Partial<ServiceImpl<typeof Filesystem>> {
  const entry = (path: string, account: Account) => entryAt(path, account, daemon.accounts.names());
  return {
    stat: unary((request, context) => {
      const account = accountOf(context, daemon);
      const path = resolveUserPath(request.path, account, daemon.settings.defaultWorkdir);
      return { entry: entry(path, account) };
    }),

    makeDir: unary(async (request, context) => {
      const account = accountOf(context, daemon);
      const path = resolveUserPath(request.path, account, daemon.settings.defaultWorkdir);
      const outcome = await inSlices(account, makeDirectories(path), context.signal);
      if (outcome === 'there') throw thereAlready(path, entry(path, account));
      return { entry: entry(path, account) };
    }),

    move: unary(async (request, context) => {
      const account = accountOf(context, daemon);
      const source = resolveNamed(request.source, account, 'source');
      const destination = resolveNamed(request.destination, account, 'destination');
      await movePath(source, destination, account, context.signal);
      return { entry: entry(destination, account) };
    }),

    listDir: unary(async (request, context) => {
      const account = accountOf(context, daemon);
      const path = resolveUserPath(request.path, account, daemon.settings.defaultWorkdir);
      const steps = listTree(path, Math.max(1, request.depth), daemon.accounts.names());
      return { entries: await inSlices(account, steps, context.signal) };
    }),

    remove: unary(async (request, context) => {
      const account = accountOf(context, daemon);
      const path = resolveNamed(request.path, account, 'path');
      await inSlices(account, removeTree(path), context.signal);
      return {};
    }),
  };
}

/** Throws `invalid_state` before the first `/init`, `unauthorized` for an unknown user. */
function accountOf({ requestHeader }: HandlerContext, daemon: Daemon): Account {
  requireServing(daemon);
  return daemon.accounts.find(usernameOf(requestHeader.get('authorization')) ?? daemon.settings.defaultUser);
}

/** What would be moved or removed is named: a forgotten path must not stand for the user's home. */
function resolveNamed(path: string, account: Account, field: string): string {
  if (path === '') throw new WrennError('invalid_request', `no ${field} is given`, { field });
  return resolveUserPath(path, account, undefined, field);
}

function thereAlready(path: string, { type }: Entry): WrennError {
  return type === FileType.DIRECTORY
    ? new WrennError('conflict', `path '${path}' exists already`, { field: 'path' })
    : new WrennError('invalid_request', `path '${path}' exists and is not a directory`, { field: 'path' });
}

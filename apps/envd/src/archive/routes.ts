import { opendirSync, statSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { WrennError } from '@wrenn/core';
import { queryOf } from '../access/signature.ts';
import { requestedFile } from '../files/requested-file.ts';
import { fileFault } from '../filesystem/file-fault.ts';
import { inSlices } from '../filesystem/in-slices.ts';
import { makeDirectories } from '../filesystem/make-directories.ts';
import { type Daemon, requireServing } from '../guest/daemon.ts';
import type { Route } from '../http/router.ts';
import type { Account } from '../users/accounts.ts';
import { asUser } from '../users/as-user.ts';
import { startTar } from './tar-process.ts';

/** `/archive?path=&username=`: a whole folder as tar, in either direction. */
export function archiveRoutes(daemon: Daemon): readonly Route[] {
  const path = '/archive';
  const access = 'token';
  return [
    { method: 'GET', path, access, handle: (request, response) => pack(daemon, request, response) },
    { method: 'POST', path, access, handle: (request, response) => unpack(daemon, request, response) },
  ];
}

/** A folder that cannot be read in full breaks the connection: no archive looks whole that is not. */
async function pack(daemon: Daemon, request: IncomingMessage, response: ServerResponse): Promise<void> {
  requireServing(daemon);
  const { account, path } = requestedFile(daemon, queryOf(request));
  requireFolder(path, account, () => opendirSync(path).closeSync());
  using tar = await startTar(daemon, account, ['-C', path, '-cf', '-', '.'], 'null');
  response.writeHead(200, { 'content-type': 'application/x-tar', 'cache-control': 'no-store' });
  await pipeline(tar.stdout, response, { end: false });
  const { code } = await tar.ended;
  if (code === 0) response.end();
  else response.destroy();
}

/**
 * Unpacks the body into a folder, which is made if it is not there, as the user and with nobody else's name on what it
 * holds. What an archive that breaks off held until then stays. Names that lead out of the folder are refused by tar.
 */
async function unpack(daemon: Daemon, request: IncomingMessage, response: ServerResponse): Promise<void> {
  requireServing(daemon);
  const { account, path } = requestedFile(daemon, queryOf(request));
  const gone = new AbortController();
  response.once('close', () => gone.abort(new WrennError('cancelled', 'the client went away')));
  await inSlices(account, makeDirectories(path), gone.signal);
  requireFolder(path, account, () => undefined);
  using tar = await startTar(daemon, account, ['-C', path, '-o', '-xf', '-'], 'pipe');
  tar.stdout.resume();
  const sending = tar.stdin === undefined ? undefined : pipeline(request, tar.stdin, { signal: gone.signal });
  // Tar ends before the body does when it does not like it: what it says is what counts then.
  sending?.catch(() => undefined);
  const { code, said } = await tar.ended;
  gone.signal.throwIfAborted();
  if (code !== 0) {
    throw new WrennError('invalid_request', `unpacking: tar says: ${said === '' ? `exit ${code}` : said}`, {
      field: 'body',
    });
  }
  response.writeHead(204).end();
}

/** A folder that the user may enter, and of which `check` does what else it has to allow. */
function requireFolder(path: string, account: Account, check: () => void): void {
  try {
    const isFolder = asUser(account, () => {
      if (!statSync(path).isDirectory()) return false;
      statSync(`${path}/.`);
      check();
      return true;
    });
    if (isFolder) return;
  } catch (thrown) {
    throw fileFault(thrown, path);
  }
  throw new WrennError('invalid_request', `path '${path}' is not a directory`, { field: 'path' });
}

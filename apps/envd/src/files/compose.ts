import { realpathSync, unlinkSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { basename, dirname } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { systemCode } from '@wrenn/core';
import { fileFault } from '../filesystem/file-fault.ts';
import { resolveUserPath } from '../filesystem/user-path.ts';
import type { Daemon } from '../guest/daemon.ts';
import { replyJson } from '../http/reply.ts';
import { readJsonBody } from '../http/whole-body.ts';
import type { Account } from '../users/accounts.ts';
import { asUser } from '../users/as-user.ts';
import { parseComposeRequest } from './compose-request.ts';
import { readFully, releasing } from './descriptors.ts';
import { Draft } from './draft.ts';
import { openForReading } from './open-file.ts';
import { accountNamed } from './requested-file.ts';
import { locateTarget, type Target } from './target.ts';
import { writtenFile } from './written-file.ts';

const pieceBytes = 1024 * 1024;

/**
 * `POST /files/compose`: makes one file of several, in their order, and takes those away. The destination may be one of
 * them. Until all of it is there nothing has changed; a source that the user may read but not remove is reported then,
 * and stays.
 */
export async function compose(
  daemon: Daemon,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { sourcePaths, destination, username } = parseComposeRequest(await readJsonBody(request));
  const account = accountNamed(daemon, username);
  const resolve = (path: string, field: string) => resolveUserPath(path, account, undefined, field);
  const sources = sourcePaths.map((path, index) => resolve(path, `source_paths[${index}]`));
  await requireReadable(sources, account);
  const target = locateTarget(resolve(destination, 'destination'), account, 'destination');
  using draft = Draft.open(target, account);
  await draft.fill(contentsOf(sources, account), 'keep');
  draft.seal({});
  await draft.commit();
  await removeSources(sources, target, account);
  replyJson(response, 200, writtenFile(target.path, {}));
}

/** Before the first of them is copied. */
async function requireReadable(sources: readonly string[], account: Account): Promise<void> {
  for (const [index, path] of sources.entries()) {
    openForReading(path, account, `source_paths[${index}]`)[Symbol.dispose]();
    await turn();
  }
}

/** Each piece is good until the next but one is asked for, which is when it has been written. */
async function* contentsOf(sources: readonly string[], account: Account): AsyncGenerator<Buffer> {
  const pieces = [Buffer.allocUnsafeSlow(pieceBytes), Buffer.allocUnsafeSlow(pieceBytes)] as const;
  let count = 0;
  for (const [index, path] of sources.entries()) {
    using file = openForReading(path, account, `source_paths[${index}]`);
    // One that grows all the time ends where it ended at first. Those of the kernel do not say how long they are.
    let left = Number(file.stats.size) || Number.POSITIVE_INFINITY;
    for (let position = 0; left > 0; ) {
      const piece = pieces[count++ % 2 === 0 ? 0 : 1].subarray(0, Math.min(pieceBytes, left));
      const length = await read(file.fd, piece, position, path);
      if (length > 0) yield piece.subarray(0, length);
      if (length < piece.length) break;
      position += length;
      left -= length;
    }
  }
}

async function read(fd: number, piece: Buffer, position: number, path: string): Promise<number> {
  try {
    return await readFully(fd, piece, position);
  } catch (thrown) {
    throw fileFault(thrown, path);
  }
}

/** All that can be removed; then throws for the first that cannot. */
async function removeSources(sources: readonly string[], target: Target, account: Account): Promise<void> {
  const faults: unknown[] = [];
  for (const path of sources) {
    await turn();
    try {
      asUser(account, () => {
        const place = `${realpathSync.native(dirname(path))}/${basename(path)}`.replace('//', '/');
        if (place !== target.realPath) releasing(place, () => unlinkSync(place));
      });
    } catch (thrown) {
      // A source that is given twice.
      if (systemCode(thrown) !== 'ENOENT') faults.push(fileFault(thrown, path, 'source_paths'));
    }
  }
  if (faults.length > 0) throw faults[0];
}

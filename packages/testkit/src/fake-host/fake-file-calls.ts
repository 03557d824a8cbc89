import type { IncomingMessage, ServerResponse } from 'node:http';
import { posix } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { errorCodes, WrennError } from '@wrenn/core';
import { type FakeService, toConnect } from '../fake-agent-server.ts';
import type { FakeGuest } from './fake-guest.ts';

/** What is done to paths of a fake host. `guest` throws for one that does not run. */
export function fakeFileCalls(guest: (id: string) => FakeGuest): FakeService {
  const tree = (id: string) => guest(id).tree;
  return {
    listDir: ({ sandboxId, path, depth }) => ({ entries: tree(sandboxId).list(path, depth) }),
    makeDir: ({ sandboxId, path }) => ({ entry: tree(sandboxId).makeFolder(path) }),
    statPath: ({ sandboxId, path }) => ({ entry: tree(sandboxId).stat(path) }),
    movePath: ({ sandboxId, source, destination }) => ({ entry: tree(sandboxId).move(source, destination) }),
    removePath: ({ sandboxId, path }) => {
      tree(sandboxId).remove(path);
      return {};
    },
    watchDir: ({ sandboxId, path }, { signal }) => watch(guest, sandboxId, path, signal),
  };
}

/** Bodies of files, as the relay of a host moves them. Never rejects. */
export async function moveFakeBody(
  guest: (id: string) => FakeGuest,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const url = new URL(request.url ?? '/', 'https://relay');
    const [, , id = '', what] = url.pathname.split('/');
    if (what !== 'files') throw new WrennError('not_implemented', 'the fake host packs no folders');
    const { tree } = guest(id);
    const path = url.searchParams.get('path') ?? '';
    if (request.method === 'POST') {
      const data = await buffer(request);
      const { 'if-match': match, 'if-none-match': noneMatch } = request.headers;
      const there = tree.versionOf(path);
      const isOther = match !== undefined && match !== tagOf(there);
      if (isOther || (noneMatch === '*' && there !== undefined))
        throw new WrennError('precondition_failed', `${path} is another version`);
      tree.write(path, data);
      response.writeHead(200, { etag: tagOf(tree.versionOf(path)) }).end();
    } else {
      const { data, version } = tree.read(path);
      response.writeHead(200, { 'content-length': String(data.length), etag: tagOf(version) }).end(data);
    }
  } catch (thrown) {
    const { code, message } = WrennError.from(thrown, 'moving a file');
    response.writeHead(errorCodes[code].status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ code: errorCodes[code].status, message, error: code }));
  }
}

const tagOf = (version: number | undefined) => `"${version}"`;

/** Tells of every change in the folder as of something that was written. */
async function* watch(
  guest: (id: string) => FakeGuest,
  id: string,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<{ readonly type: string; readonly name: string }, void> {
  const { tree } = watched(() => guest(id));
  const folder = watched(() => tree.stat(path)).path;
  let seen = tree.changes;
  yield { type: 'ready', name: '' };
  for (;;) {
    const changed = await tree.changedSince(seen, signal);
    seen = tree.changes;
    for (const each of changed) if (posix.dirname(each) === folder) yield { type: 'written', name: each };
  }
}

/** A stream begins after its call has returned: its faults are told here. */
function watched<T>(find: () => T): T {
  try {
    return find();
  } catch (thrown) {
    throw thrown instanceof WrennError ? toConnect(thrown) : thrown;
  }
}

import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { WrennError } from '@wrenn/core';
import type { WrennClient } from '@wrenn/sdk';

/** A file of this machine, or one in a capsule, as people write it: `cl-…:PATH`. */
export type FileName =
  | { readonly kind: 'here'; readonly path: string }
  | { readonly kind: 'capsule'; readonly id: string; readonly path: string };

export function parseFileName(text: string): FileName {
  const [, id, path] = /^(cl-?[0-9a-z]+):(.*)$/i.exec(text) ?? [];
  if (id === undefined || path === undefined) return { kind: 'here', path: text };
  if (path !== '') return { kind: 'capsule', id, path };
  throw new WrennError('invalid_request', `${text} names no file`, { remedy: `as ${id}:notes.txt` });
}

export interface Copy {
  readonly client: WrennClient;
  /** Empty: the template's. */
  readonly user: string;
  /** Told how far it is, in bytes. */
  readonly report: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/** Copies one file into a capsule or out of one; what is at the destination stays until the copy is whole. */
export async function copyFile(source: FileName, destination: FileName, copy: Copy): Promise<void> {
  if (source.kind === 'here' && destination.kind === 'capsule')
    return await copyIn(source.path, destination, copy);
  if (source.kind === 'capsule' && destination.kind === 'here')
    return await copyOut(source, destination.path, copy);
  throw oneOnEachSide();
}

export function oneOnEachSide(): WrennError {
  return new WrennError('invalid_request', 'one of the two must be in a capsule, and the other not', {
    remedy: 'wrenn file cp LOCAL cl-…:PATH, or the other way round',
  });
}

export type InCapsule = FileName & { readonly kind: 'capsule' };

async function copyIn(path: string, { id, path: to }: InCapsule, { client, user, report, signal }: Copy) {
  const { size } = await stat(path);
  const target = to.endsWith('/') ? `${to}${basename(path)}` : to;
  const counted = createReadStream(path).pipe(counter(report));
  // A file that cannot be opened is one that cannot be read.
  const body = Readable.toWeb(counted) as ReadableStream<Uint8Array>;
  await client.files.write(id, target, size === 0 ? '' : body, userOf(user), { signal });
}

async function copyOut({ id, path: from }: InCapsule, to: string, { client, user, report, signal }: Copy) {
  const target = (await isFolder(to)) ? join(to, basename(from)) : to;
  const body = await client.files.read(id, from, userOf(user), { signal });
  const partial = `${target}.partial-${process.pid}`;
  try {
    const content = Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]);
    await pipeline(content, counter(report), createWriteStream(partial), { signal });
    await rename(partial, target);
  } finally {
    await rm(partial, { force: true });
  }
}

export function counter(report: (bytes: number) => void): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      report(bytes);
      done(null, chunk);
    },
  });
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() ?? false;
}

export function userOf(user: string): { readonly user?: string } {
  return user === '' ? {} : { user };
}

import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { Cleanup, WrennError } from '@wrenn/core';
import { type Pack, pack } from 'tar-stream';
import { formatSize } from '../output/size.ts';
import { type FolderEntry, walkFolder } from './walk-folder.ts';

/** What the server takes. */
const mostArchiveBytes = 100 * 1024 * 1024;

export interface Packing {
  readonly folder: string;
  readonly isIgnored: (path: string) => boolean;
  /** Told what cannot be packed, by its path in the folder. */
  readonly onLeftOut: (path: string) => void;
  readonly signal: AbortSignal;
}

/** A folder as tar.gz, in a file that is there as long as this is. */
export class PackedFolder implements AsyncDisposable {
  readonly size: number;
  readonly #path: string;
  readonly #cleanup: Cleanup;

  private constructor(path: string, size: number, cleanup: Cleanup) {
    this.#path = path;
    this.size = size;
    this.#cleanup = cleanup;
  }

  /** Throws `too_large` for what the server would not take, before any of it is sent. */
  static async of(packing: Packing, mostBytes = mostArchiveBytes): Promise<PackedFolder> {
    const cleanup = new Cleanup();
    const scratch = await mkdtemp(join(tmpdir(), 'wrenn-folder-'));
    await cleanup.add('the packed folder', () => rm(scratch, { recursive: true, force: true }));
    const path = join(scratch, 'folder.tar.gz');
    try {
      return new PackedFolder(path, await packInto(path, packing, mostBytes), cleanup);
    } catch (thrown) {
      await cleanup.release();
      throw thrown;
    }
  }

  /** What it holds. Breaks off when `signal` is aborted before its end. */
  stream(signal: AbortSignal): ReadableStream<Uint8Array> {
    return Readable.toWeb(createReadStream(this.#path, { signal })) as ReadableStream<Uint8Array>;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#cleanup.release();
  }
}

async function packInto(path: string, packing: Packing, mostBytes: number): Promise<number> {
  const { folder, signal } = packing;
  const tar = pack();
  const sizes = new Map<string, number>();
  let size = 0;
  const bounded = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      if (size > mostBytes) done(tooLarge(folder, mostBytes, sizes));
      else done(null, chunk);
    },
  });
  const file = createWriteStream(path, { mode: 0o600 });
  // Each ends the other when it fails, which then has nothing to say.
  const ends = await Promise.allSettled([
    pipeline(Readable.from(tar), createGzip(), bounded, file, { signal }),
    fill(tar, packing, sizes),
  ]);
  signal.throwIfAborted();
  const faults = ends.filter((end) => end.status === 'rejected').map(({ reason }) => reason as unknown);
  if (faults.length > 0) throw faults.find((fault) => fault instanceof WrennError) ?? faults[0];
  return size;
}

async function fill(
  tar: Pack,
  { folder, isIgnored, onLeftOut }: Packing,
  sizes: Map<string, number>,
): Promise<void> {
  try {
    for await (const entry of walkFolder(folder, isIgnored)) {
      const [top = ''] = entry.path.split('/', 1);
      if (entry.kind === 'file') sizes.set(top, (sizes.get(top) ?? 0) + entry.size);
      if (entry.kind === 'other') onLeftOut(entry.path);
      else await add(tar, folder, entry);
    }
    tar.finalize();
  } catch (thrown) {
    tar.destroy(thrown instanceof Error ? thrown : new Error(String(thrown)));
    throw thrown;
  }
}

async function add(tar: Pack, folder: string, entry: Exclude<FolderEntry, { kind: 'other' }>): Promise<void> {
  const { path: name, mode, mtime, kind: type } = entry;
  if (entry.kind === 'file' && entry.size > 0) {
    const path = join(folder, name);
    // What is written to it meanwhile is not packed.
    const content = createReadStream(path, { end: entry.size - 1 });
    try {
      await pipeline(content, tar.entry({ name, mode, mtime, type, size: entry.size }));
    } catch (thrown) {
      if (!content.readableEnded || content.bytesRead === entry.size) throw thrown;
      throw new WrennError('conflict', `${path} is shorter than it was said to be`, {
        cause: thrown,
        remedy: 'build again when nothing writes to it',
      });
    }
    return;
  }
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const link = entry.kind === 'symlink' ? { linkname: entry.target } : {};
  tar.entry({ name, mode, mtime, type, ...link }, '', (error) => (error ? reject(error) : resolve()));
  await promise;
}

function tooLarge(folder: string, mostBytes: number, sizes: ReadonlyMap<string, number>): WrennError {
  const largest = [...sizes].toSorted(([, one], [, other]) => other - one).slice(0, 3);
  const listed = largest.map(([name, bytes]) => `${name} (${formatSize(bytes)} or more)`).join(', ');
  return new WrennError('too_large', `${folder} is larger than ${formatSize(mostBytes)} when it is packed`, {
    field: 'archive',
    remedy: `leave out what the recipe does not copy, by .dockerignore where it is a Dockerfile; the most is in ${listed}`,
  });
}

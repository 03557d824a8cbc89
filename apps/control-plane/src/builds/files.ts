import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Cleanup, WrennError } from '@wrenn/core';
import type { Queryable } from '../db/database.ts';
import type { Archive } from './archive/archive.ts';
import { openArchive } from './archive/open-archive.ts';
import type { Selection } from './archive/selection.ts';
import { archivePieces } from './archives.ts';
import type { Build } from './build.ts';
import { parseIgnore } from './recipe/ignore.ts';

interface Opened {
  readonly archive: Archive;
  readonly ignored: (path: string) => boolean;
}

/** What the user uploaded, in a file of this machine while it is built from. Disposing of it removes that. */
export class BuildFiles implements AsyncDisposable {
  readonly #database: Queryable;
  readonly #build: Build;
  readonly #signal: AbortSignal;
  readonly #cleanup = new Cleanup();
  #opened: Promise<Opened> | undefined;

  constructor(database: Queryable, build: Build, signal: AbortSignal) {
    this.#database = database;
    this.#build = build;
    this.#signal = signal;
  }

  /** What COPY takes for these sources. */
  async select(sources: readonly string[]): Promise<Selection> {
    this.#opened ??= this.#open();
    const { archive, ignored } = await this.#opened;
    return archive.select(sources, ignored);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#cleanup.release();
  }

  async #open(): Promise<Opened> {
    const { archiveId, request } = this.#build;
    if (archiveId === undefined) {
      throw new WrennError('invalid_request', 'there is nothing to copy from', {
        field: 'archive',
        remedy: 'send the files as an archive with the request',
      });
    }
    const folder = await mkdtemp(join(tmpdir(), 'wrenn-build-'));
    await this.#cleanup.add('the archive', () => rm(folder, { recursive: true, force: true }));
    const path = join(folder, 'archive');
    const pieces = Readable.from(archivePieces(this.#database, archiveId));
    await pipeline(pieces, createWriteStream(path, { mode: 0o600 }), { signal: this.#signal });
    const archive = await openArchive(path, undefined, this.#signal);
    const ignored = request.format === 'dockerfile' ? await ignoredBy(archive, this.#signal) : () => false;
    return { archive, ignored };
  }
}

const ignoreFile = '.dockerignore';
const mostIgnoreBytes = 256 * 1024;

async function ignoredBy(archive: Archive, signal: AbortSignal): Promise<(path: string) => boolean> {
  const text = await archive.content(ignoreFile, mostIgnoreBytes, signal);
  return text === undefined ? () => false : parseIgnore(text.toString());
}

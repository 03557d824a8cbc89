import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import type { Archive } from '../archive.ts';
import type { ArchiveBounds } from '../bounds.ts';
import { openArchive } from '../open-archive.ts';

export interface OpenedFile extends AsyncDisposable {
  readonly path: string;
  open(bounds?: ArchiveBounds): Promise<Archive>;
}

/** An archive as it lies on the disk after an upload. */
export async function archiveFile(bytes: Uint8Array): Promise<OpenedFile> {
  const directory = await mkdtemp(join(tmpdir(), 'wrenn-archive-'));
  const path = join(directory, 'archive');
  await writeFile(path, bytes);
  return {
    path,
    open: (bounds) => openArchive(path, bounds),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  };
}

/** What the archive is refused for, or nothing. */
export async function refusalOf(bytes: Uint8Array, bounds?: ArchiveBounds): Promise<unknown> {
  await using file = await archiveFile(bytes);
  return await file.open(bounds).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
}

/** What somebody else's reader finds in a tar: `d dir 755`, `f file 644 content`, `l link -> target`. */
export async function listTar(tar: Readable): Promise<string[]> {
  const reader = extract();
  reader.end(await buffer(tar));
  const lines: string[] = [];
  for await (const entry of reader) {
    const { type, name, mode, linkname } = entry.header;
    const content = (await buffer(entry as AsyncIterable<Buffer>)).toString('latin1');
    if (type === 'directory') lines.push(`d ${name.replace(/\/$/, '')} ${mode.toString(8)}`);
    else if (type === 'symlink') lines.push(`l ${name} -> ${linkname}`);
    else lines.push(`f ${name} ${mode.toString(8)} ${content}`);
  }
  return lines;
}

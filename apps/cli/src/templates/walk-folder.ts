import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';

interface Common {
  /** From the folder on, with slashes. */
  readonly path: string;
  readonly mode: number;
  readonly mtime: Date;
}

export type FolderEntry =
  | (Common & { readonly kind: 'file'; readonly size: number })
  | (Common & { readonly kind: 'directory' })
  | (Common & { readonly kind: 'symlink'; readonly target: string })
  /** A socket, a pipe or a device: nothing that could be copied. */
  | (Common & { readonly kind: 'other' });

/** All that is in a folder, each folder before what is in it, in the order of names. Links are not followed. */
export async function* walkFolder(
  folder: string,
  isIgnored: (path: string) => boolean,
  below = '',
): AsyncGenerator<FolderEntry> {
  const names = await readdir(join(folder, below));
  for (const name of names.toSorted()) {
    const path = below === '' ? name : `${below}/${name}`;
    if (isIgnored(path)) continue;
    const entry = await entryAt(folder, path);
    yield entry;
    if (entry.kind === 'directory') yield* walkFolder(folder, isIgnored, path);
  }
}

async function entryAt(folder: string, path: string): Promise<FolderEntry> {
  const full = join(folder, path);
  const found = await lstat(full);
  const common = { path, mode: found.mode & 0o7777, mtime: found.mtime };
  if (found.isFile()) return { ...common, kind: 'file', size: found.size };
  if (found.isDirectory()) return { ...common, kind: 'directory' };
  if (found.isSymbolicLink()) return { ...common, kind: 'symlink', target: await readlink(full) };
  return { ...common, kind: 'other' };
}

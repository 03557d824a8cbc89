import { access, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dataRanges } from '@wrenn/sys';
import { cloneFile } from './copy-file.ts';
import { probeDmSnapshot } from './dm-snapshot.ts';

export type RawMethod = 'reflink' | 'dm_snapshot' | 'sparse_copy';

export interface DiskProbe {
  readonly method: RawMethod;
  /** What is better, and why this machine does not have it. */
  readonly rejected: readonly { readonly method: RawMethod; readonly why: string }[];
}

const pageBytes = 4096;
const root = { uid: 0, gid: 0 };

/** The best way to make disks in a folder: found out by trying each there. */
export async function probeDiskMethod(directory: string, signal: AbortSignal): Promise<DiskProbe> {
  if (await canClone(directory)) return { method: 'reflink', rejected: [] };
  const noReflink = { method: 'reflink', why: `the file system of ${directory} shares no blocks` } as const;
  const why = await probeDmSnapshot(signal);
  if (why === undefined) return { method: 'dm_snapshot', rejected: [noReflink] };
  return { method: 'sparse_copy', rejected: [noReflink, { method: 'dm_snapshot', why }] };
}

/**
 * Whether a file's holes are told to the page. What a guest wrote is read from Firecracker's sparse files: where a file
 * system says that more was written, pages that were not would be taken for zeros.
 */
export async function tellsHolesExactly(directory: string): Promise<boolean> {
  return await withFolder(directory, async (folder) => {
    await using file = await open(join(folder, 'sparse'), 'wx+');
    const pages = 64;
    await file.truncate(pages * pageBytes);
    for (let page = 1; page < pages; page += 2)
      await file.write(Buffer.alloc(pageBytes, 1), 0, pageBytes, page * pageBytes);
    const look = () => [...dataRanges(file.fd, pages * pageBytes)];
    const isExact = () => look().length === pages / 2 && look().every(({ length }) => length === pageBytes);
    // Before and after it is on the disk: both are read.
    if (!isExact()) return false;
    await file.sync();
    return isExact();
  });
}

async function canClone(directory: string): Promise<boolean> {
  return await withFolder(directory, async (folder) => {
    const from = join(folder, 'original');
    await writeFile(from, Buffer.alloc(pageBytes, 1));
    return await cloneFile({ from, to: join(folder, 'clone'), owner: root });
  });
}

async function withFolder<T>(directory: string, work: (folder: string) => Promise<T>): Promise<T> {
  await access(directory);
  const folder = await mkdtemp(join(directory, '.probe-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

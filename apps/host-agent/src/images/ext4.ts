import { open } from 'node:fs/promises';
import { run } from '../process/run.ts';

export interface Ext4Image {
  /** Becomes the root of the file system, owners and modes included. */
  readonly tree: string;
  readonly path: string;
  readonly sizeMiB: number;
  /** Shown by blkid; at most 16 bytes. */
  readonly label: string;
  readonly use: 'read-only' | 'writable';
}

const timeoutMs = 5 * 60_000;

/**
 * A read-only drive needs no journal and few inodes, since no file is ever added; a writable one gets a small
 * journal, since the whole disk is only some GiB.
 */
const features = {
  'read-only': ['-O', '^has_journal,^resize_inode', '-N', '128'],
  writable: ['-J', 'size=32'],
} as const;

/** Writes an ext4 image, sparse, from a directory. */
export async function makeExt4(image: Ext4Image, signal: AbortSignal): Promise<void> {
  const file = await open(image.path, 'wx', 0o644);
  try {
    await file.truncate(image.sizeMiB * 1024 * 1024);
  } finally {
    await file.close();
  }
  await run(
    [
      'mke2fs',
      '-q',
      '-t',
      'ext4',
      '-L',
      image.label,
      // The page size, also for the small drive: what is mapped from it is then read without copying.
      '-b',
      '4096',
      // No block is kept for root: the user is root.
      '-m',
      '0',
      ...features[image.use],
      // Nothing is left for the guest to initialise: its kernel would write to the disk behind everybody's back.
      // The journal's place in a new file reads as zeros already.
      '-E',
      'lazy_itable_init=0,lazy_journal_init=1',
      '-d',
      image.tree,
      image.path,
    ],
    { signal, timeoutMs },
  );
}

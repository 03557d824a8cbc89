import { constants, copyFile, type FileHandle, open, rm } from 'node:fs/promises';
import { systemCode } from '@wrenn/core';
import { dataRanges } from '@wrenn/sys';
import { readUpTo, writeAll } from '../../files/whole.ts';
import type { CopiedDisk } from '../engine-disks.ts';

const chunkBytes = 4 << 20;
/** Of a file system: what is all zero in a file is given back in pieces of this size. */
const blockBytes = 64 << 10;
const zeros = Buffer.alloc(blockBytes);

/** A copy that shares its blocks with the original until one of them is written; false where the file system has none. */
export async function cloneFile({ from, to, owner }: CopiedDisk): Promise<boolean> {
  try {
    await copyFile(from, to, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL);
  } catch (thrown) {
    if (!['ENOTSUP', 'EOPNOTSUPP', 'EXDEV', 'EINVAL', 'ENOSYS', 'ENOTTY'].includes(systemCode(thrown) ?? ''))
      throw thrown;
    await rm(to, { force: true });
    return false;
  }
  await giveTo(to, owner);
  return true;
}

/**
 * A copy of what the file holds: its holes stay holes, and what reads as zeros becomes one. `bytes` is the size of a
 * device, which does not say it.
 */
export async function copySparse(
  { from, to, owner }: CopiedDisk,
  signal: AbortSignal,
  bytes?: number,
): Promise<void> {
  await using source = await open(from, 'r');
  await using target = await open(to, 'wx', 0o600);
  try {
    const size = bytes ?? (await source.stat()).size;
    await target.truncate(size);
    const buffer = Buffer.alloc(chunkBytes);
    // A device does not tell holes; what reads as zeros is found all the same.
    const data = bytes === undefined ? dataRanges(source.fd, size) : [{ offset: 0, length: bytes }];
    for (const { offset, length } of data) {
      for (let done = 0; done < length; done += chunkBytes) {
        signal.throwIfAborted();
        const chunk = buffer.subarray(0, Math.min(chunkBytes, length - done));
        // It was cut short since: what is behind its end reads as zeros.
        chunk.fill(0, await readUpTo(source, chunk, offset + done));
        await writeWithoutZeros(target, chunk, offset + done);
      }
    }
    await target.chown(owner.uid, owner.gid);
  } catch (thrown) {
    await rm(to, { force: true });
    throw thrown;
  }
}

async function giveTo(path: string, owner: CopiedDisk['owner']): Promise<void> {
  try {
    await using file = await open(path, 'r+');
    await file.chmod(0o600);
    await file.chown(owner.uid, owner.gid);
  } catch (thrown) {
    await rm(path, { force: true });
    throw thrown;
  }
}

async function writeWithoutZeros(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  let from = 0;
  for (let at = 0; at <= bytes.length; at += blockBytes) {
    const block = bytes.subarray(at, at + blockBytes);
    if (at < bytes.length && !block.equals(zeros.subarray(0, block.length))) continue;
    if (at > from) await writeAll(file, bytes.subarray(from, at), position + from);
    from = at + blockBytes;
  }
  if (from < bytes.length) await writeAll(file, bytes.subarray(from), position + from);
}

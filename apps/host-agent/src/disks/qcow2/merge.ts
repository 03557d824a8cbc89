import { chmod, chown, constants, copyFile, rm } from 'node:fs/promises';
import { WrennError } from '@wrenn/core';
import { run } from '../../process/run.ts';
import type { MergeOptions } from '../engine-disks.ts';
import { backingOf } from './backing.ts';

const mergeDeadlineMs = 300_000;

/**
 * Makes one overlay with the content of a chain of them, which belongs to root. The chain is only read: the topmost is
 * copied, and what the copy lacks of those below it is written into it.
 */
export async function mergeDisks({ chain, base, destination, signal }: MergeOptions): Promise<void> {
  const top = chain.at(-1);
  if (top === undefined) throw new WrennError('agent_error', 'there is no disk to merge');
  await copyFile(top, destination, constants.COPYFILE_EXCL);
  try {
    await chown(destination, 0, 0);
    await chmod(destination, 0o600);
    signal.throwIfAborted();
    await checkChain([...chain.slice(0, -1), destination], base);
    await run(['qemu-img', 'rebase', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', base, destination], {
      signal,
      timeoutMs: mergeDeadlineMs,
    });
  } catch (thrown) {
    await rm(destination, { force: true });
    throw thrown;
  }
}

/**
 * That each disk lies on the one before it. They were written by machines, and one that was taken over could name a
 * file that only root may read.
 */
export async function checkChain(chain: readonly string[], base: string): Promise<void> {
  let below = base;
  for (const path of chain) {
    const backing = await backingOf(path);
    if (backing !== below)
      throw new WrennError('agent_error', `disk ${path} lies on ${backing ?? 'nothing'}, not on ${below}`);
    below = path;
  }
}
